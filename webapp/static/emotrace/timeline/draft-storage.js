// Corrections that the server does not have yet, stored in this browser.
import { load, store } from "../local-storage.js";

/**
 * @typedef {{start_s: number, end_s: number, label: string, note: string}} SavedSegment as REST has it
 * @typedef {{revision: number, segments: SavedSegment[], at: number}} StoredDraft `at` in milliseconds since 1970
 */

export class DraftStorage {
  #key;

  /** @param {string} analysis id */
  constructor(analysis) {
    this.#key = `emotrace-corrections-${analysis}`;
  }

  /** @returns {StoredDraft | null} */
  load() {
    try {
      return JSON.parse(load(this.#key) ?? "null");
    } catch {
      return null;
    }
  }

  /**
   * @param {number} revision
   * @param {SavedSegment[]} segments
   */
  save(revision, segments) {
    store(this.#key, JSON.stringify({ revision, segments, at: Date.now() }));
  }

  clear() {
    store(this.#key, null);
  }
}
