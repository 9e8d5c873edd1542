// The table of segments, a page at a time: few rows however long the recording, and each can be read and reached.
import { chip, clock, element, evidence, percent, saidAlone } from "./words.js";

export class List {
  #reading;
  #table;
  #body;
  #row; // any row the server wrote, to make others from
  #size;
  #page;
  #current = 0;

  constructor(reading) {
    this.#reading = reading;
    this.#table = document.getElementById("segments");
    this.#body = this.#table.tBodies[0];
    this.#row = this.#body.rows[0].cloneNode(true);
    this.#row.classList.remove("current");
    this.#size = Number(this.#table.dataset.size);
    this.#page = Number(this.#table.dataset.page) - 1;
  }

  get #pages() {
    return Math.ceil(this.#reading.segments.length / this.#size);
  }

  turn(by) {
    this.#turnTo(Math.min(this.#pages - 1, Math.max(0, this.#page + by)));
    this.#table.closest(".segments").scrollTop = 0;
  }

  #turnTo(page) {
    if (page === this.#page) return;
    this.#page = page;
    const first = page * this.#size;
    const last = Math.min(first + this.#size, this.#reading.segments.length);
    this.#fill(first, last);
    document.getElementById("segments-shown").textContent = `${first + 1} to ${last} of ${this.#reading.segments.length}`;
    for (const link of document.querySelectorAll("[data-turn]")) {
      const to = page + Number(link.dataset.turn);
      const there = to >= 0 && to < this.#pages;
      link.classList.toggle("disabled", !there);
      if (there) link.href = `?segments=${to + 1}#segments-name`;
      else link.removeAttribute("href");
    }
  }

  #fill(first, last) {
    const rows = [];
    for (let number = first; number < last; number += 1) rows.push(this.#make(number));
    this.#body.replaceChildren(...rows);
    this.#mark();
  }

  #make(number) {
    const segment = this.#reading.segment(number);
    const row = this.#row.cloneNode(true);
    const read = segment.confidence > 0;
    this.#correct(row, segment);
    row.dataset.number = number;
    row.setAttribute("aria-rowindex", number + 2);
    row.querySelector(".seek").setAttribute("aria-label", `Go to ${clock(segment.start)}`);
    row.querySelector(".start").textContent = clock(segment.start);
    row.querySelector(".end").textContent = clock(segment.end);
    row.querySelector(".emotion-chip").replaceChildren(...chip(segment.label));
    row.querySelector(".evidence").textContent = evidence(segment, this.#reading.withEeg);
    row.querySelector(".said-alone").textContent = saidAlone(segment);
    row.querySelector(".sure").textContent = read ? percent(segment.confidence) : "–";
    row.querySelector(".meter rect").setAttribute("width", `${segment.confidence}%`);
    return row;
  }

  #correct(row, segment) {
    const labels = this.#reading.correctedOver(segment);
    const place = row.querySelector(".by-person");
    place.hidden = labels.length === 0;
    place.replaceChildren("Corrected: ", ...labels.map((label) => element("span", "emotion-chip", ...chip(label))));
  }

  // A person's labels are others than before.
  corrected() {
    for (const row of this.#body.rows) this.#correct(row, this.#reading.segment(Number(row.dataset.number)));
  }

  show(number) {
    this.#current = number;
    this.#turnTo(Math.floor(number / this.#size));
    this.#mark();
    this.#keepInSight();
  }

  #mark() {
    for (const row of this.#body.rows) {
      const here = Number(row.dataset.number) === this.#current;
      row.classList.toggle("current", here);
      if (here) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  // Only the list moves, never the page under somebody's fingers.
  #keepInSight() {
    const row = this.#body.querySelector("[aria-current]");
    const list = this.#table.closest(".segments");
    if (!row) return;
    const top = row.offsetTop - list.scrollTop;
    if (top < 40 || top + row.offsetHeight > list.clientHeight) {
      list.scrollTo({ top: row.offsetTop - list.clientHeight / 3, behavior: "smooth" });
    }
  }

  // Paper has no pages to turn.
  all() {
    if (this.#pages > 1) this.#fill(0, this.#reading.segments.length);
  }

  onePage() {
    if (this.#pages === 1) return;
    const page = this.#page;
    this.#page = -1;
    this.#turnTo(page);
  }
}
