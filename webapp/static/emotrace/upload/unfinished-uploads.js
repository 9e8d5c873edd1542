// Uploads that an earlier visit has left unfinished. They are listed apart from the files chosen now, until the user
// resumes one or chooses exactly its files again.
import { byId, copyTemplate, query } from "../dom.js";
import { localTime } from "../local-time.js";
import { megabytes } from "./file-checks.js";

/** @typedef {import("./recording-row.js").RecordingRow} RecordingRow */

export class UnfinishedUploads {
  /** @type {{row: RecordingRow, element: HTMLElement}[]} */
  #items = [];
  #section = byId("unfinished");

  /**
   * List a restored recording.
   * @param {RecordingRow} row
   * @param {{resume: (row: RecordingRow) => void, discard: (row: RecordingRow) => void}} callbacks
   */
  add(row, callbacks) {
    const element = copyTemplate("unfinished-row");
    const sum = (/** @type {number[]} */ numbers) => numbers.reduce((total, number) => total + number, 0);
    const { uploads } = row;
    const expires = Math.min(...uploads.map((upload) => Date.parse(upload.expires ?? "")));
    const sent = megabytes(sum(uploads.map((upload) => upload.offset)));
    const size = megabytes(sum(uploads.map((upload) => upload.size)));
    query(element, "[data-part=files]").textContent = uploads.map((upload) => upload.name).join(", ");
    query(element, "[data-part=sent]").textContent =
      `${sent} of ${size} are on the server, until ${localTime(expires)}.`;
    const item = { row, element };
    for (const [action, callback] of Object.entries(callbacks)) {
      const button = query(element, `[data-action=${action}]`);
      button.setAttribute("aria-label", `${button.textContent} ${row.name}`);
      button.addEventListener("click", () => callback(this.#take(item)));
    }
    this.#items.push(item);
    query(this.#section, "ul").append(element);
    this.#section.hidden = false;
  }

  /**
   * Take the recording that consists of exactly these files off the list; null where there is none.
   * @param {File[]} files
   */
  takeMatching(files) {
    const item = this.#items.find(
      ({ row }) =>
        row.uploads.length === files.length && row.uploads.every((upload) => files.some((file) => upload.isOf(file))),
    );
    return item ? this.#take(item) : null;
  }

  /** @param {{row: RecordingRow, element: HTMLElement}} item */
  #take(item) {
    this.#items = this.#items.filter((each) => each !== item);
    item.element.remove();
    this.#section.hidden = this.#items.length === 0;
    return item.row;
  }
}
