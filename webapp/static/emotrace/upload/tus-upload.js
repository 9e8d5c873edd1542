// The upload of one file by the tus protocol. It resumes after a lost connection or a restart of the server; a file
// that was removed from the server meanwhile is sent from its beginning.
import { LoggedOutError, csrfHeaders, readProblem, renewToken, request, uploadsUrl } from "../session.js";

/**
 * @typedef {"waiting" | "sending" | "busy" | "broken" | "paused" | "logged-out" | "refused" | "finished"} State
 * @typedef {{name: string, size: number, modified: number, address?: string | null,
 *   onChange: (upload: TusUpload) => void}} UploadOptions `address` is that of an upload begun earlier
 */

const CHUNK_BYTES = 8 * 2 ** 20;
const MAX_WAIT_MS = 20_000;
const MAX_SILENT_RETRIES = 3; // before the user is told that the server is busy
const SPEED_WINDOW_MS = 5000;
const TUS_HEADERS = { "Tus-Resumable": "1.0.0" };
const CLOSED = [404, 410, 507]; // nothing can be uploaded here
const RETRIED = [404, 409, 410, 423, 429, 460];

class RefusedError extends Error {}

/** The connection works: ask the server where to resume, after `seconds` if it said so. */
class RetryError extends Error {
  constructor(seconds = 0) {
    super();
    this.seconds = seconds;
  }
}

/** @param {string} text */
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export class TusUpload {
  /** @type {File | null} */
  file = null;
  offset = 0;
  /** @type {string | null} */
  expires = null;
  /** @type {State} */
  state = "waiting";
  problem = "";
  sent = 0; // bytes, with those on their way
  resumed = false; // whether it was begun on an earlier visit
  #offsetKnown = false; // whether `offset` is the server's
  /** @type {{at: number, bytes: number}[]} */
  #samples = [];
  /** @type {object | null} */
  #run = null;
  /** @type {XMLHttpRequest | null} */
  #request = null;
  /** @type {(() => void) | null} */
  #wake = null;
  /** @type {Promise<void>} */
  #creation = Promise.resolve();

  /** @param {UploadOptions} options */
  constructor({ name, size, modified, address = null, onChange }) {
    this.name = name;
    this.size = size;
    this.modified = modified;
    this.address = address;
    this.onChange = onChange;
  }

  get id() {
    return this.address?.split("/").at(-2) ?? "";
  }

  get isRunning() {
    return ["sending", "busy", "broken"].includes(this.state);
  }

  get isReady() {
    return this.file !== null && this.state === "waiting";
  }

  /** Whether the user has to choose the file of an upload that was begun earlier again. */
  get needsFile() {
    return this.file === null && Boolean(this.address) && this.state !== "finished";
  }

  /** Bytes a second in the last seconds; 0 where it is not known. */
  get speed() {
    const [first, last] = [this.#samples[0], this.#samples[this.#samples.length - 1]];
    return this.#samples.length > 1 ? ((last.bytes - first.bytes) * 1000) / Math.max(1, last.at - first.at) : 0;
  }

  /**
   * Whether it is the upload of a file.
   * @param {File} file
   */
  isOf(file) {
    return this.name === file.name && this.size === file.size && this.modified === file.lastModified;
  }

  /** Send until the file is on the server. Ends early when it is paused, refused or logged out. */
  async run() {
    const run = {};
    this.#run = run; // a paused run ends by itself, perhaps after the next one has begun
    const isOver = () => this.#run !== run || !this.isRunning;
    let retries = 0;
    this.#setState("sending");
    while (!isOver()) {
      const before = this.offset;
      try {
        if (!this.address) await (this.#creation = this.#create());
        else if (!this.#offsetKnown) await this.queryOffset();
        if (this.isRunning && this.offset < this.size) await this.#sendChunk(isOver);
        if (isOver()) return;
        this.#setState(this.offset === this.size ? "finished" : "sending");
        retries = 0;
      } catch (error) {
        if (isOver()) return;
        this.#offsetKnown = false;
        if (this.offset > before) retries = 0;
        if (error instanceof LoggedOutError) this.#setState("logged-out");
        else if (error instanceof RefusedError) this.refuse(error.message);
        else await this.#wait(retries++, error);
      }
    }
  }

  pause() {
    if (this.state === "finished" || this.state === "refused") return;
    this.#setState("paused");
    this.#offsetKnown = false;
    this.#request?.abort();
    this.#wake?.();
  }

  /** Make it ready to run again, after a pause or a new login. */
  release() {
    if (this.state === "paused" || this.state === "logged-out") this.#setState("waiting");
  }

  /** @param {string} problem */
  refuse(problem) {
    this.problem = problem;
    this.#setState("refused");
  }

  /**
   * Set the file that is sent.
   * @param {File} file
   */
  attach(file) {
    this.file = file;
    this.#offsetKnown = false;
    this.onChange(this);
  }

  /** Send everything again. */
  restart() {
    Object.assign(this, { address: null, offset: 0, problem: "" });
    this.#offsetKnown = false;
    this.#setState("waiting");
  }

  async remove() {
    this.pause();
    await this.#creation.catch(() => {});
    if (this.address) await request("DELETE", this.address, { headers: TUS_HEADERS });
  }

  /** Ask the server how much it has. Throws RetryError where it no longer has the upload. */
  async queryOffset() {
    const response = await request("HEAD", this.address ?? "", { headers: TUS_HEADERS });
    if (response.status === 404 || response.status === 410) {
      Object.assign(this, { address: null, offset: 0 });
      throw new RetryError();
    }
    if (!response.ok) throw await errorOf(response.status, response);
    this.#confirm(response.headers);
    if (!this.isRunning && this.offset === this.size) this.#setState("finished");
  }

  async #create() {
    /** @type {Record<string, string>} */
    const headers = { ...TUS_HEADERS, "Upload-Length": String(this.size) };
    if (this.name) headers["Upload-Metadata"] = `filename ${base64(this.name)}`;
    const response = await request("POST", uploadsUrl(), { headers });
    if (CLOSED.includes(response.status)) throw new RefusedError((await readProblem(response)).detail);
    if (response.status !== 201) throw await errorOf(response.status, response);
    this.address = new URL(response.headers.get("Location") ?? "", location.href).pathname;
    this.expires = response.headers.get("Upload-Expires");
    this.offset = 0;
    this.#offsetKnown = true;
    this.onChange(this);
  }

  /** @param {() => boolean} isOver */
  async #sendChunk(isOver) {
    const start = this.offset;
    const chunk = /** @type {File} */ (this.file).slice(start, start + CHUNK_BYTES);
    try {
      await chunk.slice(0, 1).arrayBuffer();
    } catch {
      throw new RefusedError(`${this.name} can no longer be read. If it was moved or changed, choose it again.`);
    }
    if (isOver()) return; // paused or removed while it was read
    const sent = await this.#patch(chunk, start);
    if (sent.status === 401 || sent.status === 403) {
      await renewToken();
      throw new RetryError();
    }
    if (sent.status !== 204) {
      const headers = { "Retry-After": sent.getResponseHeader("Retry-After") ?? "" };
      throw await errorOf(sent.status, new Response(sent.responseText, { headers }));
    }
    this.#confirm({ get: (/** @type {string} */ name) => sent.getResponseHeader(name) });
  }

  /**
   * By XMLHttpRequest: fetch() does not report progress.
   * @param {Blob} chunk
   * @param {number} start
   * @returns {Promise<XMLHttpRequest>}
   */
  #patch(chunk, start) {
    return new Promise((resolve, reject) => {
      const sent = new XMLHttpRequest();
      this.#request = sent;
      sent.open("PATCH", this.address ?? "");
      const headers = {
        ...TUS_HEADERS,
        ...csrfHeaders(),
        "Upload-Offset": String(start),
        "Content-Type": "application/offset+octet-stream",
      };
      for (const [name, value] of Object.entries(headers)) sent.setRequestHeader(name, value);
      sent.upload.onprogress = ({ loaded }) => {
        if (this.isRunning) this.state = "sending";
        this.#measure(start + loaded);
      };
      sent.onload = () => resolve(sent);
      sent.onerror = sent.onabort = () => reject(new Error("The connection was lost"));
      sent.send(chunk);
    });
  }

  /** @param {Pick<Headers, "get">} headers */
  #confirm(headers) {
    this.offset = Number(headers.get("Upload-Offset"));
    this.expires = headers.get("Upload-Expires") ?? this.expires;
    this.#offsetKnown = true;
    this.#measure(this.offset);
  }

  /** @param {number} bytes */
  #measure(bytes) {
    const at = performance.now();
    this.sent = bytes;
    this.#samples = [...this.#samples.filter((sample) => at - sample.at < SPEED_WINDOW_MS), { at, bytes }];
    this.onChange(this);
  }

  /** @param {State} state */
  #setState(state) {
    if (state !== "sending") this.#samples = [];
    this.sent = this.offset;
    this.state = state;
    this.onChange(this);
  }

  /**
   * Exponential back-off with jitter, which ends at once when the connection is back.
   * @param {number} retries
   * @param {unknown} error
   */
  async #wait(retries, error) {
    const seconds = error instanceof RetryError ? error.seconds : 0;
    if (!(error instanceof RetryError)) this.#setState("broken");
    else if (seconds || retries >= MAX_SILENT_RETRIES) this.#setState("busy");
    const longest = Math.min(MAX_WAIT_MS, 500 * 2 ** retries);
    await new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
      setTimeout(resolve, seconds * 1000 + longest * (0.5 + Math.random() / 2));
      addEventListener("online", resolve, { once: true });
    });
  }
}

/**
 * @param {number} status
 * @param {Response} response
 */
const errorOf = async (status, response) => {
  const seconds = Number(response.headers.get("Retry-After"));
  if (RETRIED.includes(status) || (status === 503 && seconds)) return new RetryError(seconds);
  if (status < 400 || status >= 500) return new Error(`The server answered ${status}`);
  return new RefusedError((await readProblem(response)).detail);
};
