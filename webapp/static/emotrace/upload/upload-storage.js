// Unfinished uploads, stored in this browser for each user, so that they resume after a reload.
import { load, store } from "../local-storage.js";

/**
 * @typedef {{kind: Kind, name: string, size: number, modified: number, address: string, expires: string}} StoredFile
 * @typedef {{key: string, stem: string, title: string, eeg_trial: string, eeg_sfreq: string, eeg_unit: string,
 *   files: StoredFile[]}} StoredRecording
 * @typedef {import("./file-checks.js").Kind} Kind
 */

/** @param {StoredFile} file */
const isOnServer = (file) => Boolean(file.address) && !(Date.parse(file.expires) < Date.now());

export class UploadStorage {
  #key;

  /** @param {string} user id */
  constructor(user) {
    this.#key = `emotrace.uploads.${user}`;
  }

  /** @returns {StoredRecording[]} */
  #read() {
    try {
      return JSON.parse(load(this.#key) ?? "[]");
    } catch {
      return [];
    }
  }

  /** @param {StoredRecording[]} recordings */
  #write(recordings) {
    store(this.#key, recordings.length ? JSON.stringify(recordings) : null);
  }

  /** The recordings with files that have not expired on the server. */
  loadUnexpired() {
    const recordings = this.#read()
      .map((recording) => ({ ...recording, files: recording.files.filter(isOnServer) }))
      .filter((recording) => recording.files.length);
    this.#write(recordings);
    return recordings;
  }

  /** @param {StoredRecording} recording */
  save(recording) {
    this.#write([...this.#read().filter((each) => each.key !== recording.key), recording]);
  }

  /** @param {string} key */
  remove(key) {
    this.#write(this.#read().filter((each) => each.key !== key));
  }
}
