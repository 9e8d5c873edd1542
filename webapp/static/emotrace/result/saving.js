// Brings corrections to the server: by itself a moment after each change, and again until it worked.
import { LoggedOut, call, problemOf } from "../upload-session.js";

const REST_MS = 1000; // after the last change
const AGAIN_MS = 15000;

export const STATES = {
  saved: "Saved",
  unsaved: "Not saved yet",
  saving: "Saving …",
  offline: "Not saved: the server cannot be reached. This browser keeps your changes, and tries again.",
  loggedOut: "Not saved: you are logged out. Log in again in another tab, then press Save.",
  conflict: "Not saved: changed elsewhere",
  refused: "Not saved",
};

export class Saving {
  revision = 0;
  state = "saved";
  #address;
  #kept;
  #onState;
  #waiting = null; // the newest change that the server does not have
  #timer = 0;

  // onState(state, words) whenever it changes.
  constructor(address, kept, onState) {
    this.#address = address;
    this.#kept = kept;
    this.#onState = onState;
    addEventListener("online", () => this.save());
  }

  // What the server has: an empty list where nobody corrected anything.
  async load() {
    const answer = await call("GET", this.#address);
    if (!answer.ok) throw new Error((await problemOf(answer)).detail);
    const { revision, segments } = await answer.json();
    this.revision = revision;
    this.#waiting = null;
    return segments;
  }

  change(segments) {
    this.#waiting = segments;
    this.#kept.put(this.revision, segments);
    if (this.state === "conflict") return;
    if (this.state !== "saving") this.#become("unsaved");
    this.#later(REST_MS);
  }

  async save() {
    if (this.#waiting === null || ["saving", "conflict"].includes(this.state)) return;
    clearTimeout(this.#timer);
    const segments = this.#waiting;
    this.#become("saving");
    try {
      await this.#send(segments);
    } catch (error) {
      this.#become(error instanceof LoggedOut ? "loggedOut" : "offline");
      if (!(error instanceof LoggedOut)) this.#later(AGAIN_MS);
    }
  }

  async #send(segments) {
    const body = JSON.stringify({ revision: this.revision, segments });
    const answer = await call("PUT", this.#address, { body, headers: { "Content-Type": "application/json" } });
    if (answer.ok) {
      this.revision = (await answer.json()).revision;
      document.body.dispatchEvent(new Event("corrected"));
      if (this.#waiting === segments) {
        this.#waiting = null;
        this.#kept.forget();
        this.#become("saved");
      } else {
        this.#kept.put(this.revision, this.#waiting);
        this.#become("unsaved");
        this.#later(REST_MS);
      }
      return;
    }
    const { code, detail } = await problemOf(answer);
    if (code === "revision_conflict") this.#become("conflict");
    else this.#become("refused", `${STATES.refused}: ${detail}`);
  }

  // Of two that were changed at once: this one.
  async overwrite() {
    const mine = this.#waiting;
    await this.load();
    this.#waiting = mine;
    this.#become("unsaved");
    await this.save();
  }

  // Or the other one: what the server has.
  async take() {
    const theirs = await this.load();
    this.#kept.forget();
    this.#become("saved");
    return theirs;
  }

  // Throws an Error with the words for whoever asked.
  async remove() {
    clearTimeout(this.#timer);
    const answer = await call("DELETE", `${this.#address}?revision=${this.revision}`);
    if (!answer.ok) throw new Error((await problemOf(answer)).detail);
    this.#waiting = null;
    this.#kept.forget();
  }

  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), milliseconds);
  }

  #become(state, words = STATES[state]) {
    this.state = state;
    this.#onState(state, words);
  }
}
