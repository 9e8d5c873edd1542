// A person's timeline while it is changed: segments [start, end, label, note] that tile the recording at every step.
import { lastBegun } from "./reading.js";

const SHORTEST_S = 0.1;
const MOST_STEPS = 500; // that can be undone
const SLACK_S = 0.0005;

const round = (seconds) => Math.round(seconds * 1000) / 1000;

export class Draft {
  #past = [];
  #future = [];

  constructor(segments) {
    this.segments = segments;
  }

  at(seconds) {
    return Math.max(0, lastBegun(this.segments, seconds + SLACK_S));
  }

  // Each of these says whether it changed anything.
  relabel(number, label) {
    const [start, end, before, note] = this.segments[number];
    return label !== before && this.#replace(number, 1, [start, end, label, note]);
  }

  write(number, note) {
    const [start, end, label, before] = this.segments[number];
    return note !== before && this.#replace(number, 1, [start, end, label, note]);
  }

  split(number, seconds) {
    const [start, end, label, note] = this.segments[number];
    const at = round(seconds);
    if (at - start < SHORTEST_S || end - at < SHORTEST_S) return false;
    return this.#replace(number, 1, [start, at, label, note], [at, end, label, ""]);
  }

  // The two become one, with the label of `number`.
  merge(number, other) {
    if (other < 0 || other >= this.segments.length) return false;
    const [first, last] = [this.segments[Math.min(number, other)], this.segments[Math.max(number, other)]];
    const notes = [first[3], last[3]].filter(Boolean).join("; ").slice(0, 500);
    return this.#replace(Math.min(number, other), 2, [first[0], last[1], this.segments[number][2], notes]);
  }

  // Moves the boundary before segment `number`. A drag is one step: all but its first move are `onward`.
  move(number, seconds, onward = false) {
    if (number < 1 || number >= this.segments.length) return false;
    const [before, after] = [this.segments[number - 1], this.segments[number]];
    const [low, high] = [before[0] + SHORTEST_S, after[1] - SHORTEST_S];
    const at = round(Math.min(high, Math.max(low, seconds)));
    if (low > high || !Number.isFinite(at) || at === after[0]) return false;
    const [left, right] = [[before[0], at, before[2], before[3]], [at, after[1], after[2], after[3]]];
    if (onward) this.segments = this.segments.toSpliced(number - 1, 2, left, right);
    else this.#replace(number - 1, 2, left, right);
    return true;
  }

  get undoable() {
    return this.#past.length > 0;
  }

  get redoable() {
    return this.#future.length > 0;
  }

  undo() {
    return this.#step(this.#past, this.#future);
  }

  redo() {
    return this.#step(this.#future, this.#past);
  }

  #step(from, to) {
    if (!from.length) return false;
    to.push(this.segments);
    this.segments = from.pop();
    return true;
  }

  #replace(at, count, ...segments) {
    this.#past.push(this.segments);
    if (this.#past.length > MOST_STEPS) this.#past.shift();
    this.#future = [];
    this.segments = this.segments.toSpliced(at, count, ...segments);
    return true;
  }
}
