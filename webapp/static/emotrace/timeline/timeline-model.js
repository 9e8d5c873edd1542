// The timeline of a recording, from the columns of numbers in the page, and the questions that the page asks of it.

/**
 * @typedef {{start: number, end: number}} Span seconds
 * @typedef {Span & {value: number}} Run an index into the labels, or a share 0..1
 * @typedef {{modality: string, label: string, probability: number}} UnimodalLabel probability in percent
 * @typedef {{name: string, level: string, probability: number}} DimensionLevel probability in percent
 * @typedef {Run & {number: number, label: string, confidence: number, face: number, voice: number, eeg: number,
 *   unimodal: UnimodalLabel[], dimensions: DimensionLevel[], reason: string, warning: string}} Segment shares in percent; `value` is the index of
 *   the label
 * @typedef {Span & {label: number, note: string}} DraftSegment
 * @typedef {{name: string, kind: string, top: number, height: number, runs: Run[]}} Tier pixels
 * @typedef {{start_s: number[], end_s: number[], value: number[]}} RunColumns
 * @typedef {{label: (number | null)[], probability: (number | null)[]}} UnimodalColumns
 * @typedef {{level: string[], probability: number[]}} DimensionColumns
 * @typedef {{start_s: number[], end_s: number[], label: number[], confidence: number[], face: number[],
 *   voice: number[], eeg: number[], unimodal: Record<string, UnimodalColumns>,
 *   dimensions: Record<string, DimensionColumns>, reason: string[], warning: string[]}} SegmentColumns
 * @typedef {{name: string, kind: string, top: number, height: number, inserted_height: number}} TierLayout
 * @typedef {{duration_s: number, height: number, labels: string[], tick_steps_s: number[],
 *   tiers: (Omit<Tier, "runs"> & {runs: RunColumns})[], segments?: SegmentColumns, chart?: number[][],
 *   corrected_tier?: TierLayout, has_faces?: boolean}} Payload
 */

const SLACK_S = 0.0005; // the player may return a moment slightly earlier than it was set

/**
 * The index of the last span that has started at a moment, -1 before the first.
 * @param {Pick<Span, "start">[]} spans in order
 * @param {number} seconds
 */
export const lastStarted = (spans, seconds) => {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].start <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

/**
 * @param {RunColumns} columns
 * @returns {Run[]}
 */
const runsOf = ({ start_s, end_s, value }) =>
  start_s.map((start, index) => ({ start, end: end_s[index], value: value[index] }));

/**
 * @param {SegmentColumns} columns
 * @param {string[]} labels
 * @returns {Segment[]}
 */
const segmentsOf = (columns, labels) =>
  columns.start_s.map((start, index) => ({
    number: index,
    start,
    end: columns.end_s[index],
    value: columns.label[index],
    label: labels[columns.label[index]],
    confidence: columns.confidence[index],
    face: columns.face[index],
    voice: columns.voice[index],
    eeg: columns.eeg[index],
    unimodal: Object.entries(columns.unimodal).flatMap(([modality, { label, probability }]) =>
      label[index] === null ? [] : [{ modality, label: labels[label[index]], probability: probability[index] ?? 0 }],
    ),
    reason: columns.reason[index],
    warning: columns.warning[index],
    dimensions: Object.entries(columns.dimensions).flatMap(([name, { level, probability }]) =>
      probability[index] ? [{ name, level: level[index], probability: probability[index] }] : [],
    ),
  }));

/** @template {Segment} [S=Segment] */
export class TimelineModel {
  #correctedLayout;

  /**
   * @param {Payload} payload
   * @param {S[]} [segments] instead of the payload's
   */
  constructor(payload, segments) {
    this.duration = payload.duration_s;
    this.height = payload.height;
    this.labels = payload.labels;
    this.tickSteps = payload.tick_steps_s;
    this.chart = payload.chart ?? [[]];
    this.hasFaces = payload.has_faces ?? false;
    this.segments =
      segments ?? /** @type {S[]} */ (payload.segments ? segmentsOf(payload.segments, payload.labels) : []);
    /** @type {Tier[]} */
    this.tiers = payload.tiers.map((tier) => ({ ...tier, runs: runsOf(tier.runs) }));
    this.#correctedLayout = payload.corrected_tier ?? null;
  }

  /** The tier of corrections, if there is one. */
  get correctedTier() {
    return this.tiers.find((tier) => tier.kind === "corrected") ?? null;
  }

  /**
   * Show corrections, in a tier for which the others move down.
   * @param {DraftSegment[]} segments
   */
  correct(segments) {
    const runs = segments.map(({ start, end, label }) => ({ start, end, value: label }));
    if (this.correctedTier) this.correctedTier.runs = runs;
    else if (this.#correctedLayout) this.#insertCorrectedTier(this.#correctedLayout, runs);
  }

  /**
   * @param {TierLayout} layout
   * @param {Run[]} runs
   */
  #insertCorrectedTier({ inserted_height: inserted, ...layout }, runs) {
    const below = this.tiers.slice(1).map((tier) => ({ ...tier, top: tier.top + inserted }));
    this.tiers = [this.tiers[0], { ...layout, runs }, ...below];
    this.height += inserted;
  }

  /**
   * The labels of the corrections within a segment, empty where they are the segment's own.
   * @param {Segment} segment
   */
  correctedLabels({ start, end, label }) {
    const runs = this.correctedTier?.runs ?? [];
    const found = new Set();
    let at = Math.max(0, lastStarted(runs, start + SLACK_S));
    for (; at < runs.length && runs[at].start < end; at += 1) found.add(this.labels[runs[at].value]);
    return found.size === 1 && found.has(label) ? [] : [...found];
  }

  /**
   * The number of the segment at a moment.
   * @param {number} seconds
   */
  numberAt(seconds) {
    return Math.max(0, lastStarted(this.segments, seconds + SLACK_S));
  }

  /** @param {number} seconds */
  segmentAt(seconds) {
    return this.segments[this.numberAt(seconds)];
  }

  get withEeg() {
    return this.segments.some((segment) => segment.eeg > 0);
  }

  /**
   * The most probable labels at a moment in descending order; empty where nothing was analysed.
   * @param {number} seconds
   * @param {number} count
   */
  probabilities(seconds, count) {
    const at = Math.floor((seconds / this.duration) * this.chart.length);
    const column = this.chart[Math.min(this.chart.length - 1, Math.max(0, at))];
    return column
      .map((share, index) => ({ label: this.labels[index], share }))
      .sort((one, other) => other.share - one.share)
      .slice(0, count);
  }

  /**
   * The labels of each network alone, and of the corrections, at a moment.
   * @param {number} seconds
   */
  tierLabels(seconds) {
    return this.tiers
      .filter((tier) => tier.kind === "labels" || tier.kind === "corrected")
      .map((tier) => ({ tier: tier.name, run: tier.runs[lastStarted(tier.runs, seconds)] }))
      .filter(({ run }) => run && seconds < run.end)
      .map(({ tier, run }) => ({ tier, label: this.labels[run.value] }));
  }
}
