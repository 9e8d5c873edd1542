// Checks of a file before it is sent: its kind, its size, its length and whether it is complete.

/**
 * @typedef {"video" | "audio" | "eeg"} Kind
 * @typedef {{suffixes: string[], begins: RegExp[], head: number, accept: string}} Format
 *   one of `begins` matches the first `head` bytes as Latin-1 text
 * @typedef {Record<Kind, Format>} Formats
 * @typedef {{problem: string, seconds: number | null, exact: boolean}} CheckResult
 *   `problem` is "" for a good file; `seconds` is null where the browser cannot tell; `exact` is whether the server
 *   will find the same length
 * @typedef {{bytes: number, seconds: number}} Limits
 */

const MAX_DIFFERENCE_S = 0.5; // between sound and video
const TIMEOUT_MS = 15_000;

/** @type {Kind[]} */
const KINDS = ["video", "audio", "eeg"];

/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** @param {string} name */
const extension = (name) => name.toLowerCase().match(/[^.](\.[^.]+)$/)?.[1] ?? "";

/**
 * What the files of one recording have in common: p01 of p01.mp4, p01_Aud.wav and p01_eeg.mat, in any Unicode form.
 * @param {string} name
 */
export const stem = (name) =>
  name
    .normalize("NFC")
    .replace(/\.[^.]*$/, "")
    .replace(/[ _.-]+(eeg|aud|audio|voice|sound|vid|video)$/i, "")
    .toUpperCase()
    .toLowerCase()
    .normalize("NFC");

/**
 * What is wrong with sound beside its video; "" where a length (seconds) is not known.
 * @param {number | null} sound
 * @param {number | null} video
 */
export const lengthProblem = (sound, video) =>
  sound !== null && video !== null && Math.abs(sound - video) > MAX_DIFFERENCE_S
    ? `The sound lasts ${sound.toFixed(1)} s and the video ${video.toFixed(1)} s. Cut them to the same length.`
    : "";

/**
 * @param {Blob} file
 * @param {number} start
 * @param {number} size
 */
const view = async (file, start, size) => new DataView(await file.slice(start, start + size).arrayBuffer());

/**
 * Four bytes as text.
 * @param {DataView} bytes
 * @param {number} at
 */
const fourCharacters = (bytes, at) =>
  at + 4 <= bytes.byteLength ? String.fromCharCode(...[0, 1, 2, 3].map((offset) => bytes.getUint8(at + offset))) : "";

/**
 * Whether all boxes of an MP4 are complete, and one of them describes it.
 * @param {Blob} file
 */
export const isCompleteMp4 = async (file) => {
  let described = false;
  for (let at = 0; at < file.size;) {
    const head = await view(file, at, 16);
    if (head.byteLength < 8) return described;
    let size = head.getUint32(0);
    if (size === 1 && head.byteLength === 16) size = Number(head.getBigUint64(8));
    if (size === 0) size = file.size - at;
    const type = fourCharacters(head, 4);
    // Trailing bytes that some programs append are not a box; a box of the recording itself has to be complete.
    if (size < 8 || at + size > file.size) return described && !["mdat", "moof", "moov"].includes(type);
    described ||= type === "moov";
    at += size;
  }
  return described;
};

/**
 * The length in a WAV's header, or null: a program that wrote to a pipe knew no size.
 * @param {Blob} file
 * @param {boolean} littleEndian
 */
export const wavSeconds = async (file, littleEndian) => {
  let bytesPerSecond = null;
  for (let at = 12; at + 8 <= file.size;) {
    const head = await view(file, at, 24);
    const size = head.getUint32(4, littleEndian);
    const type = fourCharacters(head, 0);
    if (type === "fmt " && head.byteLength >= 20) bytesPerSecond = head.getUint32(16, littleEndian);
    if (type === "data") return bytesPerSecond && size ? Math.min(size, file.size - at - 8) / bytesPerSecond : null;
    at += 8 + size + (size % 2);
  }
  return null;
};

/**
 * The length in seconds by the browser's own player; null for what it cannot play, which the server may still read.
 * @param {"video" | "audio"} tag
 * @param {Blob} file
 * @returns {Promise<number | null>}
 */
const playerSeconds = (tag, file) =>
  new Promise((resolve) => {
    const player = document.createElement(tag);
    const url = URL.createObjectURL(file);
    const finish = () => {
      clearTimeout(timeout);
      const seconds = Number.isFinite(player.duration) ? player.duration : null;
      player.onloadedmetadata = player.onerror = null;
      player.removeAttribute("src");
      player.load(); // or it would go on reading, from an address that is no more
      URL.revokeObjectURL(url);
      resolve(seconds);
    };
    const timeout = setTimeout(finish, TIMEOUT_MS);
    player.preload = "metadata";
    player.onloadedmetadata = player.onerror = finish;
    player.src = url;
  });

/**
 * @param {string} problem
 * @returns {CheckResult}
 */
const refusal = (problem) => ({ problem, seconds: null, exact: false });

export class FileChecks {
  #formats;
  #limits;

  /**
   * @param {Record<Kind, Omit<Format, "begins"> & {begins: string[]}>} formats as the page has them
   * @param {Limits} limits
   */
  constructor(formats, limits) {
    this.#limits = limits;
    this.#formats = /** @type {Formats} */ (
      Object.fromEntries(
        Object.entries(formats).map(([kind, format]) => {
          const begins = format.begins.map((pattern) => new RegExp(`^(?:${pattern})`, "s"));
          return [kind, { ...format, begins }];
        }),
      )
    );
  }

  /** The `accept` attribute of an input that takes every kind. */
  get accept() {
    return KINDS.map((kind) => this.#formats[kind].accept).join(",");
  }

  /**
   * The kind of a file by its name, or else by its first bytes; null for other files.
   * @param {File} file
   * @returns {Promise<Kind | null>}
   */
  async kindOf(file) {
    const suffix = extension(file.name);
    const named =
      KINDS.find((kind) => this.#formats[kind].suffixes.includes(suffix)) ??
      KINDS.find((kind) => kind !== "eeg" && file.type.startsWith(`${kind}/`));
    if (named) return named;
    for (const kind of KINDS) if (await this.#hasHead(kind, file)) return kind;
    return null;
  }

  /**
   * Throws where the file cannot be read at all.
   * @param {Kind} kind
   * @param {File} file
   * @returns {Promise<CheckResult>}
   */
  async check(kind, file) {
    const { bytes, seconds } = this.#limits;
    if (file.size === 0) return refusal(`${file.name} is empty. Copy or export it again.`);
    if (file.size > bytes) {
      return refusal(
        `${file.name} has ${megabytes(file.size)}; the limit is ${megabytes(bytes)}. Choose a shorter one.`,
      );
    }
    const checks = {
      video: () => this.#checkVideo(file),
      audio: () => this.#checkAudio(file),
      eeg: () => this.#checkEeg(file),
    };
    const result = await checks[kind]();
    if (result.seconds !== null && result.seconds > seconds) {
      const minutes = (/** @type {number} */ length) => Math.round(length / 60);
      const limit = minutes(seconds);
      result.problem = `${file.name} lasts ${minutes(result.seconds)} minutes; ${limit} are allowed. Cut it.`;
    }
    return result;
  }

  /**
   * @param {Kind} kind
   * @param {Blob} file
   */
  async #hasHead(kind, file) {
    const bytes = new Uint8Array(await file.slice(0, this.#formats[kind].head).arrayBuffer());
    const head = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    return this.#formats[kind].begins.some((pattern) => pattern.test(head));
  }

  /** @param {File} file */
  async #checkVideo(file) {
    if (!(await this.#hasHead("video", file))) {
      return refusal(`${file.name} is not a video that can be read. Choose an MP4, MOV, MKV, WebM, AVI or MPEG file.`);
    }
    const type = fourCharacters(await view(file, 0, 12), 4);
    const isMp4 = ["ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"].includes(type);
    if (isMp4 && !(await isCompleteMp4(file))) {
      return refusal(`${file.name} is incomplete. Copy or export it again.`);
    }
    // Clocks of other containers may start late: the browser's length can differ from the server's.
    return { problem: "", seconds: await playerSeconds("video", file), exact: isMp4 };
  }

  /** @param {File} file */
  async #checkAudio(file) {
    if (!(await this.#hasHead("audio", file))) {
      return refusal(`${file.name} is not a sound file that can be read. Save the sound as WAV and choose that.`);
    }
    const head = await view(file, 0, 12);
    if (fourCharacters(head, 8) === "WAVE") {
      return { problem: "", seconds: await wavSeconds(file, fourCharacters(head, 0) !== "RIFX"), exact: true };
    }
    return { problem: "", seconds: await playerSeconds("audio", file), exact: false };
  }

  /** @param {File} file */
  async #checkEeg(file) {
    const isMat = await this.#hasHead("eeg", file);
    const problem = isMat ? "" : `${file.name} is not a MAT file (version 5 to 7.3). Save it again from MATLAB.`;
    return { problem, seconds: null, exact: false };
  }
}
