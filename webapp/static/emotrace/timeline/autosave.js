// Saves corrections on the server shortly after each change, and again until it succeeds.
import { LoggedOutError, readProblem, request } from "../session.js";

/**
 * @typedef {import("./draft-storage.js").SavedSegment} SavedSegment
 * @typedef {import("./draft-storage.js").DraftStorage} DraftStorage
 * @typedef {keyof typeof MESSAGES} State
 */

const DELAY_MS = 1000; // after the last change
const RETRY_MS = 15_000;

export const MESSAGES = {
  saved: "Saved",
  unsaved: "Not saved yet",
  saving: "Saving …",
  offline: "Not saved: the server cannot be reached. This browser stores your changes and tries again.",
  loggedOut: "Not saved: you are logged out. Log in again in another tab, then press Save.",
  conflict: "Not saved: changed elsewhere",
  refused: "Not saved",
};

export class Autosave {
  revision = 0;
  /** @type {State} */
  state = "saved";
  #url;
  #storage;
  #onState;
  /** @type {SavedSegment[] | null} the newest change that the server does not have */
  #pending = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} url
   * @param {DraftStorage} storage
   * @param {(state: State, message: string) => void} onState
   */
  constructor(url, storage, onState) {
    this.#url = url;
    this.#storage = storage;
    this.#onState = onState;
    addEventListener("online", () => this.save());
  }

  /**
   * The corrections on the server, an empty list without any.
   * @returns {Promise<SavedSegment[]>}
   */
  async load() {
    const response = await request("GET", this.#url);
    if (!response.ok) throw new Error((await readProblem(response)).detail);
    const { revision, segments } = await response.json();
    this.revision = revision;
    this.#pending = null;
    return segments;
  }

  /** @param {SavedSegment[]} segments */
  change(segments) {
    this.#pending = segments;
    this.#storage.save(this.revision, segments);
    if (this.state === "conflict") return;
    if (this.state !== "saving") this.#setState("unsaved");
    this.#schedule(DELAY_MS);
  }

  async save() {
    const segments = this.#pending;
    if (segments === null || ["saving", "conflict"].includes(this.state)) return;
    clearTimeout(this.#timer);
    this.#setState("saving");
    try {
      await this.#send(segments);
    } catch (error) {
      this.#setState(error instanceof LoggedOutError ? "loggedOut" : "offline");
      if (!(error instanceof LoggedOutError)) this.#schedule(RETRY_MS);
    }
  }

  /** @param {SavedSegment[]} segments */
  async #send(segments) {
    const body = JSON.stringify({ revision: this.revision, segments });
    const response = await request("PUT", this.#url, { body, headers: { "Content-Type": "application/json" } });
    if (!response.ok) {
      const { code, detail } = await readProblem(response);
      if (code === "revision_conflict") this.#setState("conflict");
      else this.#setState("refused", `${MESSAGES.refused}: ${detail}`);
      return;
    }
    this.revision = (await response.json()).revision;
    document.body.dispatchEvent(new Event("corrected"));
    if (this.#pending === segments || this.#pending === null) {
      this.#pending = null;
      this.#storage.clear();
      this.#setState("saved");
    } else {
      this.#storage.save(this.revision, this.#pending);
      this.#setState("unsaved");
      this.#schedule(DELAY_MS);
    }
  }

  /** Resolve a conflict with the version of this page. */
  async keepMine() {
    const mine = this.#pending;
    await this.load();
    this.#pending = mine;
    this.#setState("unsaved");
    await this.save();
  }

  /** Resolve a conflict with the version of the server, which is returned. */
  async takeTheirs() {
    const segments = await this.load();
    this.#storage.clear();
    this.#setState("saved");
    return segments;
  }

  /** Delete the corrections. Throws an Error with a message for the user. */
  async remove() {
    clearTimeout(this.#timer);
    const response = await request("DELETE", `${this.#url}?revision=${this.revision}`);
    if (!response.ok) throw new Error((await readProblem(response)).detail);
    this.#pending = null;
    this.#storage.clear();
  }

  /** @param {number} milliseconds */
  #schedule(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), milliseconds);
  }

  /** @param {State} state */
  #setState(state, message = MESSAGES[state]) {
    this.state = state;
    this.#onState(state, message);
  }
}
