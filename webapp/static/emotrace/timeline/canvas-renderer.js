// Draws the visible part of the tiers on a canvas.
import { capitalize, shortClock } from "./format.js";
import { lastStarted } from "./timeline-model.js";

/**
 * @typedef {import("./timeline-model.js").Run} Run
 * @typedef {import("./timeline-model.js").Tier} Tier
 * @typedef {import("./timeline-model.js").TimelineModel<any>} TimelineModel
 * @typedef {{from: number, to: number, duration: number, width: number, x: (seconds: number) => number}} View
 *   seconds in view over `width` pixels
 * @typedef {ReturnType<typeof readStyle>} Style
 * @typedef {{fills: (string | CanvasPattern)[], texts: string[], style: Style}} Colors by label
 */

const TICK_DISTANCE = 76; // pixels from one clock time to the next
const CROWDED = 3; // pixels a run below which neighbours are drawn as one

/**
 * The colours and the font of the style sheets, in the present theme.
 * @param {HTMLElement} root
 * @param {string[]} labels
 */
export const readStyle = (root, labels) => {
  const probe = root.appendChild(document.createElement("span"));
  const read = (/** @type {string} */ name) => getComputedStyle(probe).getPropertyValue(name).trim();
  const [track, text, line, accent] = ["--surface-sunk", "--bs-secondary-color", "--bs-border-color", "--accent"].map(
    read,
  );
  const hatch = { base: read("--undetermined-base"), line: read("--undetermined-line") };
  const emotions = labels.map((label) => {
    probe.className = `emotion-${label}`;
    return { fill: read("--emotion"), text: read("--on-emotion") };
  });
  const font = getComputedStyle(probe).fontFamily;
  probe.remove();
  return { track, text, line, accent, hatch, emotions, font };
};

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Style["hatch"]} hatch
 */
const hatchPattern = (context, { base, line }) => {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  if (!pen) return base;
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
  return context.createPattern(tile, "repeat") ?? base;
};

/**
 * Runs of one pixel each with the value that lasts longest in it; equal neighbours become one run.
 * @param {Run[]} runs
 * @param {Pick<View, "from" | "to" | "width">} view
 */
export const longestPerPixel = (runs, { from, to, width }) => {
  /** @type {Run[]} */
  const found = [];
  const step = (to - from) / width;
  let next = 0;
  for (let x = 0; x < width; x += 1) {
    const [start, end] = [from + x * step, from + (x + 1) * step];
    const durations = new Map();
    while (next < runs.length && runs[next].end <= start) next += 1;
    for (let at = next; at < runs.length && runs[at].start < end; at += 1) {
      const run = runs[at];
      const overlap = Math.min(end, run.end) - Math.max(start, run.start);
      durations.set(run.value, (durations.get(run.value) ?? 0) + overlap);
    }
    const [longest] = [...durations].reduce((best, one) => (one[1] > best[1] ? one : best), [null, 0]);
    const last = found.at(-1);
    if (last && last.value === longest && last.end === start) last.end = end;
    else if (longest !== null) found.push({ start, end, value: longest });
  }
  return found;
};

/**
 * @param {Run[]} runs
 * @param {View} view
 */
const visibleRuns = (runs, view) => {
  const found = runs.slice(Math.max(0, lastStarted(runs, view.from)), lastStarted(runs, view.to) + 1);
  return found.length * CROWDED > view.width ? longestPerPixel(found, view) : found;
};

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 * @param {number} radius
 */
const fillBox = (context, left, top, width, height, radius) => {
  context.beginPath();
  context.roundRect(left, top, width, height, width > 3 * radius ? radius : 0);
  context.fill();
};

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Tier} tier
 * @param {Run[]} runs
 * @param {View} view
 * @param {string[]} labels
 * @param {Colors} colors
 */
const paintLabels = (context, tier, runs, view, labels, colors) => {
  const named = tier.kind !== "labels";
  const radius = named ? 5 : 3;
  for (const { start, end, value } of visibleRuns(runs, view)) {
    const [left, right] = [view.x(start), view.x(end)];
    const gap = right - left > 6 ? 1 : 0;
    context.fillStyle = colors.fills[value];
    fillBox(context, left, tier.top, Math.max(0.5, right - left - gap), tier.height, radius);
    const textLeft = Math.max(left, 0);
    const textWidth = Math.min(right, view.width) - textLeft - 14;
    if (!named || textWidth < 20) continue;
    context.font = `600 13px ${colors.style.font}`;
    const name = capitalize(labels[value]);
    if (context.measureText(name).width > textWidth) continue;
    context.fillStyle = colors.texts[value];
    context.fillText(name, textLeft + 8, tier.top + tier.height / 2 + 5);
  }
};

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Tier} tier
 * @param {View} view
 * @param {Colors} colors
 */
const paintShares = (context, tier, view, colors) => {
  context.fillStyle = colors.style.accent;
  for (const { start, end, value } of visibleRuns(tier.runs, view)) {
    context.globalAlpha = value;
    context.fillRect(view.x(start), tier.top, view.x(end) - view.x(start), tier.height);
  }
  context.globalAlpha = 1;
};

/**
 * The probabilities as stacked areas, one a label for each unbroken stretch of columns.
 * @param {CanvasRenderingContext2D} context
 * @param {Tier} tier
 * @param {number[][]} columns percent by label, empty where nothing was analysed
 * @param {View} view
 * @param {Colors} colors
 */
const paintChart = (context, tier, columns, view, colors) => {
  const step = view.duration / columns.length;
  const first = Math.max(0, Math.floor(view.from / step) - 1);
  const last = Math.min(columns.length, Math.ceil(view.to / step) + 1);
  const stride = Math.max(1, Math.floor((last - first) / view.width));
  /** @type {number[]} */
  let stretch = [];
  const flush = () => {
    const bottoms = stretch.map(() => 0);
    const [start, end] = [stretch[0] * step, (stretch[stretch.length - 1] + stride) * step];
    const x = (/** @type {number} */ at) => {
      if (at === 0) return view.x(start);
      return at === stretch.length - 1 ? view.x(end) : view.x((stretch[at] + stride / 2) * step);
    };
    const y = (/** @type {number} */ share) => tier.top + tier.height * (1 - Math.min(100, share) / 100);
    for (let label = 0; label < columns[stretch[0]].length; label += 1) {
      context.beginPath();
      stretch.forEach((_, at) => context.lineTo(x(at), y(bottoms[at])));
      if (stretch.length === 1) context.lineTo(view.x(end), y(bottoms[0]));
      stretch.forEach((column, at) => {
        bottoms[at] += columns[column][label];
      });
      if (stretch.length === 1) context.lineTo(view.x(end), y(bottoms[0]));
      for (let at = stretch.length - 1; at >= 0; at -= 1) context.lineTo(x(at), y(bottoms[at]));
      context.fillStyle = colors.fills[label];
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

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} top
 * @param {number[]} steps seconds
 * @param {View} view
 * @param {Style} style
 */
const paintAxis = (context, top, steps, view, style) => {
  const span = ((view.to - view.from) / view.width) * TICK_DISTANCE;
  const step = steps.find((each) => each >= span) ?? steps[steps.length - 1];
  context.font = `11.5px ${style.font}`;
  for (let at = Math.ceil(view.from / step); at * step <= Math.min(view.to, view.duration); at += 1) {
    const x = view.x(at * step);
    context.fillStyle = style.line;
    context.fillRect(x, top, 1, 4);
    context.fillStyle = style.text;
    const text = shortClock(at * step);
    const width = context.measureText(text).width;
    context.fillText(text, Math.max(0, Math.min(view.width - width, x - width / 2)), top + 17);
  }
};

/**
 * @param {CanvasRenderingContext2D} context
 * @param {TimelineModel} model
 * @param {View} view
 * @param {Style} style
 */
export const paint = (context, model, view, style) => {
  const hatch = hatchPattern(context, style.hatch);
  const undetermined = model.labels.length - 1;
  const colors = {
    style,
    fills: style.emotions.map((emotion, index) => (index === undetermined ? hatch : emotion.fill)),
    texts: style.emotions.map((emotion) => emotion.text),
  };
  context.clearRect(0, 0, view.width, model.height);
  for (const tier of model.tiers) {
    context.fillStyle = tier.kind === "chart" ? hatch : style.track;
    fillBox(context, 0, tier.top, view.width, tier.height, tier.kind === "shares" ? 2 : 3);
    if (tier.kind === "segments") {
      paintLabels(context, tier, model.segments, view, model.labels, colors);
      continue; // its segments carry their names
    }
    if (tier.kind === "chart") paintChart(context, tier, model.chart, view, colors);
    else if (tier.kind === "shares") paintShares(context, tier, view, colors);
    else paintLabels(context, tier, tier.runs, view, model.labels, colors);
    context.font = `11.5px ${style.font}`;
    context.fillStyle = style.text;
    context.fillText(tier.name, 6, tier.top - 6);
  }
  const bottom = model.tiers[model.tiers.length - 1];
  paintAxis(context, bottom.top + bottom.height + 6, model.tickSteps, view, style);
};
