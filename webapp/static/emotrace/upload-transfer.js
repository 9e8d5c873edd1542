// One file on its way to the server over the tus protocol. It goes on by itself after a lost connection or a restart
// of the server; a file that was removed from there meanwhile is sent from its beginning.
import { LoggedOut, call, headers, place, problemOf, renew } from "./upload-session.js";

const PART_BYTES = 8 * 2 ** 20;
const LONGEST_WAIT_MS = 20_000;
const BUSY_TIMES = 3; // in a row, before a server that is busy is spoken of
const SPEED_MS = 5000; // over which the speed is averaged
const TUS = { "Tus-Resumable": "1.0.0" };

class Refused extends Error {}

// Nothing is wrong with the connection: ask where to go on, and try once more, after `seconds` if the server said so.
class Again extends Error {
  constructor(seconds = 0) {
    super();
    this.seconds = seconds;
  }
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export class Transfer {
  // `changed` is called whenever something of it has changed; `address` is that of an upload begun earlier.
  constructor({ name, size, file = null, address = null, changed }) {
    Object.assign(this, { name, size, file, address, changed });
    this.offset = 0;
    this.expires = null;
    this.state = "waiting"; // sending, busy, broken, paused, logged-out, refused, finished
    this.problem = "";
    this.shown = 0; // bytes, those on their way included
    this.samples = [];
    this.sure = false; // whether `offset` is known to be the server's
  }

  get id() { return this.address.split("/").at(-2); }
  get running() { return ["sending", "busy", "broken"].includes(this.state); }
  get startable() { return this.file !== null && this.state === "waiting"; }

  // Bytes a second of late; 0 where nothing is known.
  get speed() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    return this.samples.length > 1 ? ((last.bytes - first.bytes) * 1000) / Math.max(1, last.at - first.at) : 0;
  }

  // Send until the file is there. Ends early when it is paused, refused or logged out.
  async run() {
    const run = {};
    this.current = run; // a run that was paused ends by itself, perhaps after the next one has begun
    let waits = 0;
    this.#turn("sending");
    while (this.running && this.current === run) {
      const before = this.offset;
      try {
        if (!this.address) await this.#create();
        else if (!this.sure) await this.ask();
        if (this.running && this.offset < this.size) await this.#part();
        if (this.current !== run || !this.running) return;
        this.#turn(this.offset === this.size ? "finished" : "sending");
        waits = 0;
      } catch (error) {
        if (this.current !== run || !this.running) return;
        this.sure = false;
        if (this.offset > before) waits = 0;
        if (error instanceof LoggedOut) this.#turn("logged-out");
        else if (error instanceof Refused) this.refuse(error.message);
        else await this.#wait(waits++, error);
      }
    }
  }

  pause() {
    if (this.state === "finished" || this.state === "refused") return;
    this.#turn("paused");
    this.sure = false;
    this.request?.abort();
    this.wake?.();
  }

  // Ready to run again, after a pause or a new login.
  release() {
    if (this.state === "paused" || this.state === "logged-out") this.#turn("waiting");
  }

  refuse(problem) {
    this.problem = problem;
    this.#turn("refused");
  }

  // The person chose the file of an upload that was begun before the page was loaded.
  attach(file) {
    this.file = file;
    this.sure = false;
    this.changed(this);
  }

  // The server forgot the upload: everything is sent anew.
  restart() {
    Object.assign(this, { address: null, offset: 0, sure: false, problem: "" });
    this.#turn("waiting");
  }

  async remove() {
    this.pause();
    if (this.address) await call("DELETE", this.address, { headers: TUS });
  }

  // Where the server stands. Throws Again where the upload is gone from there.
  async ask() {
    const answer = await call("HEAD", this.address, { headers: TUS });
    if (answer.status === 404 || answer.status === 410) {
      Object.assign(this, { address: null, offset: 0 });
      throw new Again();
    }
    if (!answer.ok) throw await this.#judged(answer.status, answer);
    this.#arrived(answer.headers);
    if (!this.running && this.offset === this.size) this.#turn("finished");
  }

  async #create() {
    const metadata = this.name ? { "Upload-Metadata": `filename ${base64(this.name)}` } : {};
    const answer = await call("POST", place(), {
      headers: { ...TUS, ...metadata, "Upload-Length": String(this.size) },
    });
    if (answer.status === 507) throw new Refused((await problemOf(answer)).detail);
    if (answer.status !== 201) throw await this.#judged(answer.status, answer);
    this.address = new URL(answer.headers.get("Location"), location).pathname;
    this.expires = answer.headers.get("Upload-Expires");
    this.offset = 0;
    this.sure = true;
    this.changed(this);
  }

  async #part() {
    const start = this.offset;
    const part = this.file.slice(start, start + PART_BYTES);
    try {
      await part.slice(0, 1).arrayBuffer();
    } catch {
      throw new Refused(`${this.name} cannot be read any more. If it was moved or changed, choose it again.`);
    }
    const request = await this.#send(part, start);
    if (request.status === 401 || request.status === 403) {
      await renew();
      throw new Again();
    }
    if (request.status !== 204) {
      const headers = { "Retry-After": request.getResponseHeader("Retry-After") ?? "" };
      throw await this.#judged(request.status, new Response(request.responseText, { headers }));
    }
    this.#arrived({ get: (name) => request.getResponseHeader(name) });
  }

  // XMLHttpRequest and not fetch(), which does not tell how far it is.
  #send(part, start) {
    return new Promise((done, broken) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("PATCH", this.address);
      const all = { ...TUS, ...headers(), "Upload-Offset": String(start), "Content-Type": "application/offset+octet-stream" };
      for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
      request.upload.onprogress = (sent) => {
        if (this.running) this.state = "sending";
        this.#moved(start + sent.loaded);
      };
      request.onload = () => done(request);
      request.onerror = request.onabort = () => broken(new Error("The connection broke"));
      request.send(part);
    });
  }

  async #judged(status, answer) {
    const seconds = Number(answer.headers.get("Retry-After"));
    if ([404, 409, 410, 423, 429, 460].includes(status) || (status === 503 && seconds)) return new Again(seconds);
    if (status < 400 || status >= 500) return new Error(`The server answered ${status}`);
    return new Refused((await problemOf(answer)).detail);
  }

  #arrived(told) {
    this.offset = Number(told.get("Upload-Offset"));
    this.expires = told.get("Upload-Expires") ?? this.expires;
    this.sure = true;
    this.#moved(this.offset);
  }

  #moved(bytes) {
    const at = performance.now();
    this.shown = bytes;
    this.samples = [...this.samples.filter((sample) => at - sample.at < SPEED_MS), { at, bytes }];
    this.changed(this);
  }

  #turn(state) {
    if (state !== "sending") this.samples = [];
    this.shown = this.offset;
    this.state = state;
    this.changed(this);
  }

  // Longer after each failure in a row, not in step with others, and not at all once the connection is back.
  async #wait(times, error) {
    if (!(error instanceof Again)) this.#turn("broken");
    else if (error.seconds || times >= BUSY_TIMES) this.#turn("busy");
    const longest = Math.min(LONGEST_WAIT_MS, 500 * 2 ** times);
    await new Promise((over) => {
      this.wake = over;
      setTimeout(over, (error.seconds ?? 0) * 1000 + longest * (0.5 + Math.random() / 2));
      addEventListener("online", over, { once: true });
    });
  }
}
