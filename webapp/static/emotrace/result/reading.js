// What was read of the recording: the numbers that the page hands over, and how they are asked.

const SLACK_S = 0.0005; // a moment handed through the player may come back a trifle earlier

// The index of the last of `stretches` [start, ...] that has begun, -1 before the first.
export const lastBegun = (stretches, seconds) => {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stretches[middle][0] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

export class Reading {
  constructor({ duration, height, labels, segments, lanes, chart, room, steps, faces }) {
    this.duration = duration;
    this.height = height;
    this.labels = labels;
    this.segments = segments;
    this.lanes = lanes;
    this.chart = chart;
    this.room = room;
    this.steps = steps;
    this.faces = faces; // whether their places were kept
  }

  // The lane of a person's segments [start, end, label, note], if there is one.
  get corrected() {
    return this.lanes.find((lane) => lane.kind === "corrected") ?? null;
  }

  // Those segments are shown, in a lane that the others make room for.
  correct(segments) {
    if (this.corrected) {
      this.corrected.runs = segments;
      return;
    }
    const { room, ...lane } = this.room;
    const below = this.lanes.slice(1).map((each) => ({ ...each, top: each.top + room }));
    this.lanes = [this.lanes[0], { ...lane, runs: segments }, ...below];
    this.height += room;
  }

  // The labels that a person gave within a segment, where they are not the machine's alone.
  correctedOver({ start, end, label }) {
    const runs = this.corrected?.runs ?? [];
    const found = new Set();
    for (let at = Math.max(0, lastBegun(runs, start + SLACK_S)); at < runs.length && runs[at][0] < end; at += 1) found.add(this.labels[runs[at][2]]);
    return found.size === 1 && found.has(label) ? [] : [...found];
  }

  // The number of the segment at a moment.
  at(seconds) {
    return Math.max(0, lastBegun(this.segments, seconds + SLACK_S));
  }

  segment(number) {
    const [start, end, label, confidence, face, voice, eeg, said] = this.segments[number];
    const alone = said.map(([name, which, share]) => [name, this.labels[which], share]);
    return { number, start, end, label: this.labels[label], confidence, face, voice, eeg, alone };
  }

  get withEeg() {
    return this.segments.some((segment) => segment[6] > 0);
  }

  // The most probable labels at a moment as [label, percent], the likeliest first; none where nothing was read.
  probabilities(seconds, most) {
    const at = Math.floor((seconds / this.duration) * this.chart.length);
    const column = this.chart[Math.min(this.chart.length - 1, Math.max(0, at))];
    return column
      .map((share, index) => [this.labels[index], share])
      .sort((one, other) => other[1] - one[1])
      .slice(0, most);
  }

  // What a person, and each network alone, said of a moment, as [lane's name, label].
  alone(seconds) {
    return this.lanes
      .filter((lane) => lane.kind === "labels" || lane.kind === "corrected")
      .map((lane) => [lane.name, lane.runs[lastBegun(lane.runs, seconds)]])
      .filter(([, run]) => run && seconds < run[1])
      .map(([name, run]) => [name, this.labels[run[2]]]);
  }
}
