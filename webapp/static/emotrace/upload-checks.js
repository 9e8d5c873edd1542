// What can be told of a file before a byte of it is sent. Each check gives what is wrong and what to do, or "".
const ROLES = JSON.parse(document.getElementById("accepted").textContent); // as the server's own checks have them
for (const role of Object.values(ROLES)) role.begins = role.begins.map((pattern) => new RegExp(`^(?:${pattern})`, "s"));
const TOLERANCE_S = 0.5; // by which sound may differ from the video
const PATIENCE_MS = 15_000;

export const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

const extension = (name) => name.toLowerCase().match(/[^.](\.[^.]+)$/)?.[1] ?? "";

// Of every role: what the inputs that take any of them accept.
export const ACCEPT = Object.values(ROLES).map((role) => role.accept).join(",");

// "video", "audio" or "eeg", by its name, or by its beginning where that says nothing; null for what nobody reads.
export const kindOf = async (file) => {
  const end = extension(file.name);
  const named = Object.keys(ROLES).find((kind) => ROLES[kind].suffixes.includes(end))
    ?? ["video", "audio"].find((kind) => file.type.startsWith(`${kind}/`));
  if (named) return named;
  for (const kind of Object.keys(ROLES)) if (await begins(kind, file)) return kind;
  return null;
};

// What files of one recording have in common: p01 of p01.mp4, p01_Aud.wav and p01_eeg.mat, in any form of Unicode.
export const stem = (name) => name.normalize("NFC").replace(/\.[^.]*$/, "")
  .replace(/[ _.-]+(eeg|aud|audio|voice|sound|vid|video)$/i, "").toUpperCase().toLowerCase().normalize("NFC");

const begins = async (kind, file) => {
  const bytes = new Uint8Array(await file.slice(0, ROLES[kind].head).arrayBuffer());
  const head = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return ROLES[kind].begins.some((pattern) => pattern.test(head));
};
const view = async (file, start, size) => new DataView(await file.slice(start, start + size).arrayBuffer());
const word = (bytes, at) => (at + 4 <= bytes.byteLength ? String.fromCharCode(...[0, 1, 2, 3].map((i) => bytes.getUint8(at + i))) : "");

// {problem, seconds}: `seconds` is null where the browser cannot tell. Throws where the file cannot be read at all.
export const check = async (kind, file, limits) => {
  if (file.size === 0) return { problem: `${file.name} is empty. Copy or export it again.`, seconds: null };
  if (file.size > limits.bytes) {
    const problem = `${file.name} has ${mega(file.size)}; at most ${mega(limits.bytes)} are read. Choose a shorter one.`;
    return { problem, seconds: null };
  }
  const found = await { video: checkVideo, audio: checkSound, eeg: checkEeg }[kind](file);
  if (found.seconds > limits.seconds) {
    const minutes = (seconds) => Math.round(seconds / 60);
    found.problem = `${file.name} lasts ${minutes(found.seconds)} minutes; ${minutes(limits.seconds)} are allowed. Cut it.`;
  }
  return found;
};

// What is wrong with sound beside its video; "" where one of the lengths (seconds) is not known.
export const differ = (sound, video) =>
  sound !== null && video !== null && Math.abs(sound - video) > TOLERANCE_S
    ? `The sound lasts ${sound.toFixed(1)} s and the video ${video.toFixed(1)} s. Cut them to the same length.`
    : "";

const checkVideo = async (file) => {
  if (!(await begins("video", file))) {
    return { problem: `${file.name} is no video that can be read. Choose an MP4, MOV, MKV, WebM, AVI or MPEG file.`, seconds: null };
  }
  const mpeg4 = ["ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"].includes(word(await view(file, 0, 12), 4));
  if (mpeg4 && !(await whole(file))) {
    return { problem: `${file.name} breaks off before its end. Copy or export it again.`, seconds: null };
  }
  // Other containers' clocks may start late: the server knows their length, the browser's player may not.
  return { problem: "", seconds: await played("video", file), exact: mpeg4 };
};

// Whether all boxes of an MP4 are there, the one that describes it among them.
const whole = async (file) => {
  let described = false;
  for (let at = 0; at < file.size;) {
    const head = await view(file, at, 16);
    if (head.byteLength < 8) return described;
    let size = head.getUint32(0);
    if (size === 1 && head.byteLength === 16) size = Number(head.getBigUint64(8));
    if (size === 0) size = file.size - at;
    const type = word(head, 4);
    // What some programs append is no box; a box of the recording itself has to be whole.
    if (size < 8 || at + size > file.size) return described && !["mdat", "moof", "moov"].includes(type);
    described ||= type === "moov";
    at += size;
  }
  return described;
};

const checkSound = async (file) => {
  if (!(await begins("audio", file))) {
    return { problem: `${file.name} is no sound file that can be read. Save the sound as WAV and choose that.`, seconds: null };
  }
  const head = await view(file, 0, 12);
  if (word(head, 8) === "WAVE") return { problem: "", seconds: await waveSeconds(file, word(head, 0) !== "RIFX"), exact: true };
  return { problem: "", seconds: await played("audio", file), exact: false };
};

// The length that a WAV's header gives, or null. A program that wrote it to a pipe knew no size.
const waveSeconds = async (file, little) => {
  let bytesASecond = null;
  for (let at = 12; at + 8 <= file.size;) {
    const head = await view(file, at, 24);
    const size = head.getUint32(4, little);
    if (word(head, 0) === "fmt " && head.byteLength >= 20) bytesASecond = head.getUint32(16, little);
    if (word(head, 0) === "data") return bytesASecond && size ? Math.min(size, file.size - at - 8) / bytesASecond : null;
    at += 8 + size + (size % 2);
  }
  return null;
};

const checkEeg = async (file) => {
  const problem = (await begins("eeg", file))
    ? "" : `${file.name} is no MAT file (version 5 to 7.3). Save it again from MATLAB.`;
  return { problem, seconds: null };
};

// Seconds, from the browser's own player; null for what it cannot play, which the server may read all the same.
const played = (tag, file) => new Promise((done) => {
  const player = document.createElement(tag);
  const address = URL.createObjectURL(file);
  const end = () => {
    clearTimeout(patience);
    const seconds = Number.isFinite(player.duration) ? player.duration : null;
    player.removeAttribute("src");
    URL.revokeObjectURL(address);
    done(seconds);
  };
  const patience = setTimeout(end, PATIENCE_MS);
  player.preload = "metadata";
  player.onloadedmetadata = player.onerror = end;
  player.src = address;
});
