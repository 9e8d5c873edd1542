// Recordings that the server does not have yet, kept in this browser so that a reload or a closed tab loses nothing.

/**
 * @typedef {import("./presentation.js").Shown} Shown
 * @typedef {object} Unsent
 * @property {string} page path of the participant's page, the key
 * @property {string} participant code
 * @property {number} at when it began, in milliseconds since 1970
 * @property {string} name of the file
 * @property {string} type of the file
 * @property {Shown[]} shown
 * @property {boolean} isComplete whether everything was shown
 * @property {number | null} droppedFrames
 * @property {string | null} upload address of the upload, once it was begun
 * @typedef {{page: string, part: Blob, seconds: number}} StoredPart `seconds` of recording that end with it
 */

const [DATABASE, VERSION] = ["emotrace.collection", 1];
const [RECORDINGS, PARTS] = ["recordings", "parts"];
const KEPT_MS = 7 * 24 * 3600 * 1000;

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export class UnsentRecordings {
  #database;

  /** @param {IDBDatabase} database */
  constructor(database) {
    this.#database = database;
  }

  /** Throws where the browser keeps nothing. What is older than a week is deleted. */
  static async open() {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(RECORDINGS, { keyPath: "page" });
      request.result.createObjectStore(PARTS, { autoIncrement: true }).createIndex("page", "page");
    };
    const unsent = new UnsentRecordings(await settled(request));
    for (const { page, at } of await unsent.all()) {
      if (at < Date.now() - KEPT_MS) await unsent.remove(page);
    }
    return unsent;
  }

  /** One transaction for both stores: what was written earlier is there earlier. */
  #stores() {
    const transaction = this.#database.transaction([RECORDINGS, PARTS], "readwrite");
    return { recordings: transaction.objectStore(RECORDINGS), parts: transaction.objectStore(PARTS) };
  }

  /** @returns {Promise<Unsent[]>} */
  all() {
    return settled(this.#stores().recordings.getAll());
  }

  /**
   * @param {string} page
   * @returns {Promise<Unsent | undefined>}
   */
  find(page) {
    return settled(this.#stores().recordings.get(page));
  }

  /** @param {Unsent} recording */
  async save(recording) {
    await settled(this.#stores().recordings.put(recording));
  }

  /** @param {StoredPart} part */
  async add(part) {
    await settled(this.#stores().parts.add(part));
  }

  /**
   * The file of a recording, and how many seconds of it are there.
   * @param {Unsent} recording
   */
  async file({ page, name, type }) {
    /** @type {StoredPart[]} */
    const parts = await settled(this.#stores().parts.index("page").getAll(page));
    const file = new File(
      parts.map(({ part }) => part),
      name,
      { type },
    );
    return { file, seconds: parts.at(-1)?.seconds ?? 0 };
  }

  /** @param {string} page */
  async remove(page) {
    const { recordings, parts } = this.#stores();
    recordings.delete(page);
    for (const key of await settled(parts.index("page").getAllKeys(page))) parts.delete(key);
  }
}

/**
 * The stimuli that were shown within the seconds of a recording that are there. The last second may be missing.
 * @param {Shown[]} shown
 * @param {number} seconds
 */
export const shownWithin = (shown, seconds) => shown.filter(({ end_s: end }) => end <= seconds);
