// A person's timeline while it is edited: its segments tile the recording after every step.
import { lastStarted } from "./timeline-model.js";

/** @typedef {import("./timeline-model.js").DraftSegment} DraftSegment */

const MIN_SEGMENT_S = 0.1;
const MAX_UNDO_STEPS = 500;
const MAX_NOTE_CHARACTERS = 500;
const SLACK_S = 0.0005;

/** @param {number} seconds */
const roundToMilliseconds = (seconds) => Math.round(seconds * 1000) / 1000;

/** The methods that edit return whether they changed anything. */
export class CorrectionDraft {
  /** @type {DraftSegment[][]} */
  #past = [];
  /** @type {DraftSegment[][]} */
  #future = [];

  /** @param {DraftSegment[]} segments */
  constructor(segments) {
    this.segments = segments;
  }

  /**
   * The number of the segment at a moment.
   * @param {number} seconds
   */
  numberAt(seconds) {
    return Math.max(0, lastStarted(this.segments, seconds + SLACK_S));
  }

  /**
   * @param {number} number
   * @param {number} label
   */
  setLabel(number, label) {
    const segment = this.segments[number];
    return label !== segment.label && this.#replace(number, 1, { ...segment, label });
  }

  /**
   * @param {number} number
   * @param {string} note
   */
  setNote(number, note) {
    const segment = this.segments[number];
    return note !== segment.note && this.#replace(number, 1, { ...segment, note });
  }

  /**
   * @param {number} number
   * @param {number} seconds
   */
  split(number, seconds) {
    const segment = this.segments[number];
    const at = roundToMilliseconds(seconds);
    if (at - segment.start < MIN_SEGMENT_S || segment.end - at < MIN_SEGMENT_S) return false;
    return this.#replace(number, 1, { ...segment, end: at }, { ...segment, start: at, note: "" });
  }

  /**
   * Merge two neighbours; the label is that of `number`.
   * @param {number} number
   * @param {number} other
   */
  merge(number, other) {
    if (other < 0 || other >= this.segments.length) return false;
    const first = this.segments[Math.min(number, other)];
    const last = this.segments[Math.max(number, other)];
    const note = [first.note, last.note].filter(Boolean).join("; ").slice(0, MAX_NOTE_CHARACTERS);
    const { label } = this.segments[number];
    return this.#replace(Math.min(number, other), 2, { start: first.start, end: last.end, label, note });
  }

  /**
   * Move the boundary before segment `number`. A drag is one undo step: all moves but its first are `continued`.
   * @param {number} number
   * @param {number} seconds
   */
  moveBoundary(number, seconds, continued = false) {
    if (number < 1 || number >= this.segments.length) return false;
    const [before, after] = [this.segments[number - 1], this.segments[number]];
    const [low, high] = [before.start + MIN_SEGMENT_S, after.end - MIN_SEGMENT_S];
    const at = roundToMilliseconds(Math.min(high, Math.max(low, seconds)));
    if (low > high || !Number.isFinite(at) || at === after.start) return false;
    const moved = [
      { ...before, end: at },
      { ...after, start: at },
    ];
    if (continued) this.segments = this.segments.toSpliced(number - 1, 2, ...moved);
    else this.#replace(number - 1, 2, ...moved);
    return true;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    return this.#step(this.#past, this.#future);
  }

  redo() {
    return this.#step(this.#future, this.#past);
  }

  /**
   * @param {DraftSegment[][]} from
   * @param {DraftSegment[][]} to
   */
  #step(from, to) {
    const segments = from.pop();
    if (!segments) return false;
    to.push(this.segments);
    this.segments = segments;
    return true;
  }

  /**
   * @param {number} at
   * @param {number} count
   * @param {...DraftSegment} segments
   */
  #replace(at, count, ...segments) {
    this.#past.push(this.segments);
    if (this.#past.length > MAX_UNDO_STEPS) this.#past.shift();
    this.#future = [];
    this.segments = this.segments.toSpliced(at, count, ...segments);
    return true;
  }
}
