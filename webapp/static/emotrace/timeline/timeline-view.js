// The tiers on the page: which part of the recording is in view, where the playhead is, what a screen reader hears.
import { byId, query } from "../dom.js";
import { paint, readStyle } from "./canvas-renderer.js";
import { capitalize, clock, percent } from "./format.js";

/**
 * @typedef {import("./timeline-model.js").Span} Span
 * @typedef {import("./timeline-model.js").TimelineModel<any>} TimelineModel
 */

const MIN_VIEW_S = 5;
const LEAD = 0.1; // where the playhead is placed in a view that has followed it, as a share of the width

export class TimelineView {
  factor = 1; // how many times wider than the view the recording is
  seconds = 0; // where the playhead is
  #model;
  #scheduled = false;
  #announced = "";
  #onPaint;

  /**
   * @param {HTMLElement} root
   * @param {TimelineModel} model
   * @param {() => void} [onPaint] called whenever another part of the recording may be in view
   */
  constructor(root, model, onPaint = () => {}) {
    this.root = root;
    this.#model = model;
    this.#onPaint = onPaint;
    this.scroller = query(root, "#scrubber");
    this.content = query(root, ".tiers-content");
    this.canvas = query(root, "canvas", HTMLCanvasElement);
    this.playhead = query(root, ".playhead");
    root.hidden = false;
    byId("zoom").hidden = false;
    byId("timeline-svg", SVGSVGElement).classList.add("print-only");
    this.resize();
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.scroller);
    this.scroller.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.zoom(this.factor * 2 ** (-event.deltaY / 200), event.clientX);
      },
      { passive: false },
    );
  }

  get width() {
    return this.scroller.clientWidth * this.factor;
  }

  /**
   * The moment under a pointer.
   * @param {number} clientX
   */
  momentAt(clientX) {
    const box = this.content.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - box.left) / box.width)) * this.#model.duration;
  }

  /**
   * Pixels from the left edge of the view to a moment.
   * @param {number} seconds
   */
  x(seconds) {
    return (seconds / this.#model.duration) * this.width - this.scroller.scrollLeft;
  }

  /**
   * The moment under `clientX` keeps its place; by default that of the playhead, or the middle of the view.
   * @param {number} factor
   * @param {number} [clientX]
   */
  zoom(factor, clientX) {
    const box = this.scroller.getBoundingClientRect();
    const head = this.x(this.seconds);
    const inView = head >= 0 && head <= box.width;
    const anchor = clientX === undefined ? (inView ? head : box.width / 2) : clientX - box.left;
    const moment = ((this.scroller.scrollLeft + anchor) / this.width) * this.#model.duration;
    this.factor = Math.min(Math.max(1, factor), Math.max(1, this.#model.duration / MIN_VIEW_S));
    this.content.style.width = `${100 * this.factor}%`;
    this.root.classList.toggle("zoomed", this.factor > 1);
    this.scroller.scrollLeft = (moment / this.#model.duration) * this.width - anchor;
    const digits = this.factor < 10 ? 1 : 0;
    byId("zoom-factor").textContent = `${this.factor.toFixed(digits).replace(".0", "")}×`;
    this.draw();
  }

  /** Adapt to tiers that were added or changed. */
  resize() {
    this.content.style.height = `${this.#model.height}px`;
    this.draw();
  }

  draw() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#paint();
    });
  }

  #paint() {
    const { canvas, scroller } = this;
    const { duration, height } = this.#model;
    const [width, scale] = [scroller.clientWidth, devicePixelRatio];
    const context = canvas.getContext("2d");
    if (!width || !context) return;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    context.scale(scale, scale);
    const from = (scroller.scrollLeft / this.width) * duration;
    const to = from + duration / this.factor;
    const view = { from, to, duration, width, x: (/** @type {number} */ seconds) => this.x(seconds) };
    paint(context, this.#model, view, readStyle(this.root, this.#model.labels));
    this.#onPaint();
  }

  /**
   * Move the playhead. The view follows while the video plays, unless the user has scrolled away.
   * @param {number} seconds
   * @param {boolean} playing
   */
  show(seconds, playing) {
    const before = this.x(this.seconds);
    this.seconds = seconds;
    const after = this.x(seconds);
    const [width, slack] = [this.scroller.clientWidth, 2];
    const follows = !playing || (before >= -slack && before <= width + slack);
    if (follows && (after < -slack || after > width + slack)) this.scroller.scrollLeft += after - LEAD * width;
    this.playhead.style.left = this.#share(seconds);
    this.#announce(seconds, playing);
  }

  /** @param {Span} segment */
  markCurrent(segment) {
    this.#place(query(this.root, ".tiers-current"), segment);
  }

  /** @param {Span | null} segment that is repeated */
  markLoop(segment) {
    const mark = query(this.root, ".tiers-loop");
    mark.hidden = segment === null;
    if (segment) this.#place(mark, segment);
  }

  /** @param {Span | null} segment of the corrections that is edited */
  markSelected(segment) {
    const mark = query(this.root, ".tiers-selected");
    const tier = this.#model.correctedTier;
    mark.hidden = segment === null || tier === null;
    if (!segment || !tier) return;
    Object.assign(mark.style, { top: `${tier.top}px`, height: `${tier.height}px` });
    this.#place(mark, segment);
  }

  /**
   * @param {HTMLElement} mark
   * @param {Span} span
   */
  #place(mark, { start, end }) {
    mark.style.left = this.#share(start);
    mark.style.width = this.#share(end - start);
  }

  /** @param {number} seconds */
  #share(seconds) {
    return `${Math.min(100, (100 * seconds) / this.#model.duration)}%`;
  }

  /**
   * Tell a screen reader the moment; while the video plays, only each new segment.
   * @param {number} seconds
   * @param {boolean} playing
   */
  #announce(seconds, playing) {
    const { number, label, confidence } = this.#model.segmentAt(seconds);
    const key = playing ? String(number) : clock(seconds);
    if (key === this.#announced) return;
    this.#announced = key;
    const text = confidence ? `${capitalize(label)}, confidence ${percent(confidence)}` : capitalize(label);
    this.scroller.setAttribute("aria-valuenow", Math.min(seconds, this.#model.duration).toFixed(1));
    this.scroller.setAttribute("aria-valuetext", `${clock(seconds)}, ${text}`);
  }
}
