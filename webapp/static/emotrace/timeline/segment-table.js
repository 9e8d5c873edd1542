// The table of segments, one page at a time: few rows however long the recording.
import { byId, create, query } from "../dom.js";
import { chip, clock, dimensions, evidence, percent, unimodalLabels } from "./format.js";

/**
 * @typedef {import("./timeline-model.js").Segment} Segment
 * @typedef {import("./timeline-model.js").TimelineModel} TimelineModel
 */

export class SegmentTable {
  #model;
  #body;
  #scroller;
  #template; // a row that the server rendered, cloned for others
  #size;
  #page;
  #current = 0;

  /** @param {TimelineModel} model */
  constructor(model) {
    const table = byId("segments", HTMLTableElement);
    this.#model = model;
    this.#scroller = /** @type {HTMLElement} */ (table.closest(".segments"));
    this.#body = table.tBodies[0];
    this.#template = /** @type {HTMLTableRowElement} */ (this.#body.rows[0].cloneNode(true));
    this.#template.classList.remove("current");
    this.#size = Number(table.dataset.size);
    this.#page = Number(table.dataset.page) - 1;
  }

  get #pageCount() {
    return Math.ceil(this.#model.segments.length / this.#size);
  }

  /** @param {number} step */
  turnPage(step) {
    this.#showPage(Math.min(this.#pageCount - 1, Math.max(0, this.#page + step)));
    this.#scroller.scrollTop = 0;
  }

  /** @param {number} page */
  #showPage(page) {
    if (page === this.#page) return;
    this.#page = page;
    const total = this.#model.segments.length;
    const first = page * this.#size;
    const last = Math.min(first + this.#size, total);
    this.#fill(first, last);
    byId("segments-shown").textContent = `${first + 1} to ${last} of ${total}`;
    for (const link of document.querySelectorAll("[data-page-step]")) {
      const target = page + Number(link.getAttribute("data-page-step"));
      const exists = target >= 0 && target < this.#pageCount;
      link.classList.toggle("disabled", !exists);
      if (exists) link.setAttribute("href", `?segments=${target + 1}#segments-name`);
      else link.removeAttribute("href");
    }
  }

  /**
   * @param {number} first
   * @param {number} last
   */
  #fill(first, last) {
    this.#body.replaceChildren(...this.#model.segments.slice(first, last).map((segment) => this.#makeRow(segment)));
    this.#markCurrent();
  }

  /** @param {Segment} segment */
  #makeRow(segment) {
    const row = /** @type {HTMLTableRowElement} */ (this.#template.cloneNode(true));
    this.#showCorrections(row, segment);
    row.dataset.number = String(segment.number);
    row.setAttribute("aria-rowindex", String(segment.number + 2));
    query(row, ".seek").setAttribute("aria-label", `Go to ${clock(segment.start)}`);
    query(row, ".start").textContent = clock(segment.start);
    query(row, ".end").textContent = clock(segment.end);
    query(row, ".emotion-chip").replaceChildren(...chip(segment.label));
    query(row, ".dimensions").textContent = dimensions(segment);
    query(row, ".evidence").textContent = evidence(segment, this.#model.withEeg);
    query(row, ".unimodal").textContent = unimodalLabels(segment);
    query(row, ".novelty").textContent = segment.warning;
    query(row, ".confidence").textContent = segment.confidence ? percent(segment.confidence) : "–";
    query(row, ".meter rect", SVGRectElement).setAttribute("width", `${segment.confidence}%`);
    return row;
  }

  /**
   * @param {HTMLTableRowElement} row
   * @param {Segment} segment
   */
  #showCorrections(row, segment) {
    const labels = this.#model.correctedLabels(segment);
    const element = query(row, ".corrected-labels");
    element.hidden = labels.length === 0;
    element.replaceChildren("Corrected: ", ...labels.map((label) => create("span", "emotion-chip", ...chip(label))));
  }

  /** Show corrections that have changed. */
  updateCorrections() {
    for (const row of this.#body.rows) this.#showCorrections(row, this.#model.segments[Number(row.dataset.number)]);
  }

  /** @param {number} number of the segment at the playhead */
  showCurrent(number) {
    this.#current = number;
    this.#showPage(Math.floor(number / this.#size));
    this.#markCurrent();
    this.#scrollToCurrent();
  }

  #markCurrent() {
    for (const row of this.#body.rows) {
      const isCurrent = Number(row.dataset.number) === this.#current;
      row.classList.toggle("current", isCurrent);
      if (isCurrent) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  /** Scroll the table only, never the page. */
  #scrollToCurrent() {
    const row = this.#body.querySelector("tr[aria-current]");
    if (!(row instanceof HTMLElement)) return;
    const top = row.offsetTop - this.#scroller.scrollTop;
    if (top >= 40 && top + row.offsetHeight <= this.#scroller.clientHeight) return;
    this.#scroller.scrollTo({ top: row.offsetTop - this.#scroller.clientHeight / 3, behavior: "smooth" });
  }

  /** Show all rows, for printing. */
  showAll() {
    if (this.#pageCount > 1) this.#fill(0, this.#model.segments.length);
  }

  /** Show one page again, after printing. */
  showOnePage() {
    if (this.#pageCount === 1) return;
    const page = this.#page;
    this.#page = -1;
    this.#showPage(page);
  }
}
