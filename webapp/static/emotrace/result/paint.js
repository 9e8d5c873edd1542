// Draws the visible part of the lanes on a canvas.
import { lastBegun } from "./reading.js";
import { capital, short } from "./words.js";

const TICK_ROOM = 76; // pixels from one clock time to the next
const CROWDED = 3; // pixels a stretch below which neighbours are drawn as one

// What the style sheets say, in the theme that is on.
export const look = (place, labels) => {
  const probe = place.appendChild(document.createElement("span"));
  const of = (name) => getComputedStyle(probe).getPropertyValue(name).trim();
  const [track, text, line, accent] = ["--surface-sunk", "--bs-secondary-color", "--bs-border-color", "--accent"].map(of);
  const hatch = { base: of("--undetermined-base"), line: of("--undetermined-line") };
  const emotions = labels.map((label) => {
    probe.className = `emotion-${label}`;
    return { fill: of("--emotion"), text: of("--on-emotion") };
  });
  const font = getComputedStyle(probe).fontFamily;
  probe.remove();
  return { track, text, line, accent, hatch, emotions, font };
};

const hatched = (context, { base, line }) => {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.fillStyle = base;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = line;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const x of [-4, 0, 4, 8]) {
    pen.moveTo(x, 8);
    pen.lineTo(x + 8, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
};

// The stretches [start, end, value] within the view.
const within = (stretches, { from, to }) =>
  stretches.slice(Math.max(0, lastBegun(stretches, from)), lastBegun(stretches, to) + 1);

// Where many stretches share a pixel, the pixel shows the value that lasts longest in it.
const byPixel = (stretches, { from, to, width }) => {
  const found = [];
  const step = (to - from) / width;
  let next = 0;
  for (let x = 0; x < width; x += 1) {
    const [start, end] = [from + x * step, from + (x + 1) * step];
    const lasting = new Map();
    while (next < stretches.length && stretches[next][1] <= start) next += 1;
    for (let at = next; at < stretches.length && stretches[at][0] < end; at += 1) {
      const [begun, ended, value] = stretches[at];
      lasting.set(value, (lasting.get(value) ?? 0) + Math.min(end, ended) - Math.max(start, begun));
    }
    const longest = [...lasting].reduce((best, one) => (one[1] > best[1] ? one : best), [null, 0])[0];
    const last = found.at(-1);
    if (last && last[2] === longest && last[1] === start) last[1] = end;
    else if (longest !== null) found.push([start, end, longest]);
  }
  return found;
};

const visible = (stretches, view) => {
  const found = within(stretches, view);
  return found.length * CROWDED > view.width ? byPixel(found, view) : found;
};

const box = (context, left, top, width, height, radius) => {
  context.beginPath();
  context.roundRect(left, top, width, height, width > 3 * radius ? radius : 0);
  context.fill();
};

const labels = (context, lane, stretches, view, inks) => {
  const named = lane.kind !== "labels";
  const radius = named ? 5 : 3;
  for (const [start, end, label] of visible(stretches, view)) {
    const [left, right] = [view.x(start), view.x(end)];
    const gap = right - left > 6 ? 1 : 0;
    context.fillStyle = inks.labels[label];
    box(context, left, lane.top, Math.max(0.5, right - left - gap), lane.height, radius);
    const shown = Math.max(left, 0);
    const room = Math.min(right, view.width) - shown - 14;
    if (!named || room < 20) continue;
    context.font = `600 13px ${inks.font}`;
    const name = capital(view.labels[label]);
    if (context.measureText(name).width > room) continue;
    context.fillStyle = inks.texts[label];
    context.fillText(name, shown + 8, lane.top + lane.height / 2 + 5);
  }
};

const shares = (context, lane, view, inks) => {
  context.fillStyle = inks.accent;
  for (const [start, end, share] of visible(lane.runs, view)) {
    context.globalAlpha = share;
    context.fillRect(view.x(start), lane.top, view.x(end) - view.x(start), lane.height);
  }
  context.globalAlpha = 1;
};

// The probabilities, stacked: for each unbroken stretch of columns one area a label.
const chart = (context, lane, columns, view, inks) => {
  const step = view.duration / columns.length;
  const first = Math.max(0, Math.floor(view.from / step) - 1);
  const last = Math.min(columns.length, Math.ceil(view.to / step) + 1);
  const stride = Math.max(1, Math.floor((last - first) / view.width));
  let stretch = [];
  const flush = () => {
    const bottoms = stretch.map(() => 0);
    const [begin, end] = [stretch[0] * step, (stretch.at(-1) + stride) * step];
    const x = (at) => (at === 0 ? view.x(begin) : at === stretch.length - 1 ? view.x(end) : view.x((stretch[at] + stride / 2) * step));
    const y = (share) => lane.top + lane.height * (1 - Math.min(100, share) / 100);
    for (let label = 0; label < columns[stretch[0]].length; label += 1) {
      context.beginPath();
      stretch.forEach((_, at) => context.lineTo(x(at), y(bottoms[at])));
      if (stretch.length === 1) context.lineTo(view.x(end), y(bottoms[0]));
      stretch.forEach((column, at) => { bottoms[at] += columns[column][label]; });
      if (stretch.length === 1) context.lineTo(view.x(end), y(bottoms[0]));
      for (let at = stretch.length - 1; at >= 0; at -= 1) context.lineTo(x(at), y(bottoms[at]));
      context.fillStyle = inks.labels[label];
      context.fill();
    }
    stretch = [];
  };
  for (let column = first - (first % stride); column < last; column += stride) {
    if (columns[column].length) stretch.push(column);
    else if (stretch.length) flush();
  }
  if (stretch.length) flush();
};

const axis = (context, top, steps, view, inks) => {
  const span = ((view.to - view.from) / view.width) * TICK_ROOM;
  const step = steps.find((each) => each >= span) ?? steps.at(-1);
  context.font = `11.5px ${inks.font}`;
  for (let at = Math.ceil(view.from / step); at * step <= Math.min(view.to, view.duration); at += 1) {
    const x = view.x(at * step);
    context.fillStyle = inks.line;
    context.fillRect(x, top, 1, 4);
    context.fillStyle = inks.text;
    const text = short(at * step);
    const width = context.measureText(text).width;
    context.fillText(text, Math.max(0, Math.min(view.width - width, x - width / 2)), top + 17);
  }
};

// `view`: the seconds `from` and `to` over `width` pixels, and x(seconds) in pixels.
export const paint = (context, reading, view, style) => {
  const hatch = hatched(context, style.hatch);
  const inks = {
    ...style,
    labels: style.emotions.map((emotion, index) => (index === reading.labels.length - 1 ? hatch : emotion.fill)),
    texts: style.emotions.map((emotion) => emotion.text),
  };
  context.clearRect(0, 0, view.width, reading.height);
  for (const lane of reading.lanes) {
    context.fillStyle = lane.kind === "chart" ? hatch : style.track;
    box(context, 0, lane.top, view.width, lane.height, lane.kind === "shares" ? 2 : 3);
    if (lane.kind === "segments") labels(context, lane, reading.segments, view, inks);
    if (lane.kind === "labels" || lane.kind === "corrected") labels(context, lane, lane.runs, view, inks);
    if (lane.kind === "shares") shares(context, lane, view, inks);
    if (lane.kind === "chart") chart(context, lane, reading.chart, view, inks);
    if (lane.kind === "segments") continue;
    context.font = `11.5px ${style.font}`;
    context.fillStyle = style.text;
    context.fillText(lane.name, 6, lane.top - 6);
  }
  axis(context, reading.lanes.at(-1).top + reading.lanes.at(-1).height + 6, reading.steps, view, inks);
};
