// The backup of one recording, written while it is made. Where the browser keeps nothing, it lasts as long as the page.

/**
 * @typedef {import("./unsent.js").Unsent} Unsent
 * @typedef {import("./unsent.js").UnsentRecordings} UnsentRecordings
 */

export class RecordingBackup {
  #unsent;
  #recording;
  /** @type {Promise<unknown>} */
  #written = Promise.resolve();

  /**
   * @param {UnsentRecordings | null} unsent
   * @param {Unsent} recording
   */
  constructor(unsent, recording) {
    this.#unsent = unsent;
    this.#recording = recording;
  }

  /** @param {Partial<Unsent>} [changes] */
  save(changes = {}) {
    this.#recording = { ...this.#recording, ...changes };
    this.#write(this.#unsent?.save(this.#recording));
  }

  /**
   * @param {Blob} part
   * @param {number} seconds of recording that end with it
   */
  add(part, seconds) {
    this.#write(this.#unsent?.add({ page: this.#recording.page, part, seconds }));
  }

  /** The server has it, or the participant wants it no more. */
  async remove() {
    await this.#written;
    await this.#unsent?.remove(this.#recording.page).catch(() => {});
  }

  /** @param {Promise<unknown> | undefined} writing which fails where the disk is full */
  #write(writing) {
    this.#written = Promise.allSettled([this.#written, writing]);
  }
}
