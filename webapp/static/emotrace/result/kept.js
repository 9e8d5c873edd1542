// What was changed and not saved, in this browser, until the server has it.

export class Kept {
  #key;

  constructor(analysis) {
    this.#key = `emotrace-corrections-${analysis}`;
  }

  // {revision, segments, at}, or null. Somebody may forbid the browser to keep anything.
  get() {
    try {
      return JSON.parse(localStorage.getItem(this.#key));
    } catch {
      return null;
    }
  }

  put(revision, segments) {
    try {
      localStorage.setItem(this.#key, JSON.stringify({ revision, segments, at: Date.now() }));
    } catch {
      // It lasts as long as the page, then.
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.#key);
    } catch {
      // There is nothing.
    }
  }
}
