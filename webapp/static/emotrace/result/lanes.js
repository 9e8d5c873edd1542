// The lanes on the page: how much of them is in view, where the playhead stands, what a screen reader says of it.
import { look, paint } from "./paint.js";
import { capital, clock, percent } from "./words.js";

const SHORTEST_VIEW_S = 5;
const LEAD = 0.1; // where in the view the playhead stands after it was brought back

export class Lanes {
  factor = 1; // how many times wider than the view the recording is
  seconds = 0; // where the playhead stands
  #reading;
  #drawing = false;
  #spoken = "";

  constructor(root, reading) {
    this.root = root;
    this.#reading = reading;
    this.scroller = root.querySelector("#scrubber");
    this.wide = root.querySelector(".lanes-wide");
    this.canvas = root.querySelector("canvas");
    this.head = root.querySelector(".playhead");
    this.current = root.querySelector(".lanes-current");
    this.selected = root.querySelector(".lanes-selected");
    this.repeated = root.querySelector(".lanes-loop");
    root.hidden = false;
    document.getElementById("zoom").hidden = false;
    document.getElementById("strip").classList.add("for-paper");
    this.resize();
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.scroller);
    this.scroller.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(this.factor * 2 ** (-event.deltaY / 200), event.clientX);
    }, { passive: false });
  }

  get width() {
    return this.scroller.clientWidth * this.factor;
  }

  // The moment under a pointer.
  moment(clientX) {
    const box = this.wide.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - box.left) / box.width)) * this.#reading.duration;
  }

  // Where a moment is, in pixels from the left edge of what is in view.
  x(seconds) {
    return (seconds / this.#reading.duration) * this.width - this.scroller.scrollLeft;
  }

  // What is under clientX stays there; without it, the playhead, or else the middle.
  zoom(factor, clientX) {
    const box = this.scroller.getBoundingClientRect();
    const head = this.x(this.seconds);
    const inView = head >= 0 && head <= box.width;
    const anchor = clientX === undefined ? (inView ? head : box.width / 2) : clientX - box.left;
    const moment = ((this.scroller.scrollLeft + anchor) / this.width) * this.#reading.duration;
    this.factor = Math.min(Math.max(1, factor), Math.max(1, this.#reading.duration / SHORTEST_VIEW_S));
    this.wide.style.width = `${100 * this.factor}%`;
    this.root.classList.toggle("zoomed", this.factor > 1);
    this.scroller.scrollLeft = (moment / this.#reading.duration) * this.width - anchor;
    document.getElementById("zoom-factor").textContent = `${this.factor.toFixed(this.factor < 10 ? 1 : 0).replace(".0", "")}×`;
    this.draw();
  }

  // There are more lanes, or other ones, than before.
  resize() {
    this.wide.style.height = `${this.#reading.height}px`;
    this.draw();
  }

  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#paint();
    });
  }

  #paint() {
    const { canvas, scroller } = this;
    const { duration, height } = this.#reading;
    const [width, scale] = [scroller.clientWidth, devicePixelRatio];
    if (!width) return;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    const from = (scroller.scrollLeft / this.width) * duration;
    const view = {
      from, duration, width, to: from + duration / this.factor, x: (seconds) => this.x(seconds), labels: this.#reading.labels,
    };
    paint(context, this.#reading, view, look(this.root, this.#reading.labels));
  }

  // The playhead at a moment. Playing takes the view along, but not back from where somebody scrolled to.
  show(seconds, playing) {
    const before = this.x(this.seconds);
    this.seconds = seconds;
    const after = this.x(seconds);
    const [room, slack] = [this.scroller.clientWidth, 2];
    const followed = !playing || (before >= -slack && before <= room + slack);
    if (followed && (after < -slack || after > room + slack)) this.scroller.scrollLeft += after - LEAD * room;
    this.head.style.left = this.#share(seconds);
    this.#speak(seconds, playing);
  }

  mark(segment) {
    this.#stretch(this.current, segment);
  }

  // The segment that is repeated, or null.
  repeat(segment) {
    this.repeated.hidden = segment === null;
    if (segment) this.#stretch(this.repeated, segment);
  }

  // The segment [start, end] of the corrected lane that is in hand, or null.
  select(segment) {
    this.selected.hidden = segment === null;
    if (!segment) return;
    const { top, height } = this.#reading.corrected;
    Object.assign(this.selected.style, { top: `${top}px`, height: `${height}px` });
    this.#stretch(this.selected, { start: segment[0], end: segment[1] });
  }

  #stretch(place, segment) {
    place.style.left = this.#share(segment.start);
    place.style.width = this.#share(segment.end - segment.start);
  }

  #share(seconds) {
    return `${Math.min(100, (100 * seconds) / this.#reading.duration)}%`;
  }

  // While it plays, only a new segment is worth saying.
  #speak(seconds, playing) {
    const segment = this.#reading.segment(this.#reading.at(seconds));
    const what = segment.confidence ? `${capital(segment.label)}, confidence ${percent(segment.confidence)}` : capital(segment.label);
    const key = playing ? String(segment.number) : clock(seconds);
    if (key === this.#spoken) return;
    this.#spoken = key;
    this.scroller.setAttribute("aria-valuenow", Math.min(seconds, this.#reading.duration).toFixed(1));
    this.scroller.setAttribute("aria-valuetext", `${clock(seconds)}, ${what}`);
  }
}
