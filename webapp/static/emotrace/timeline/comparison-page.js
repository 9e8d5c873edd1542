// The comparison of two analyses: the player, both tiers and the list of differences show the same moment.
import { byId, closest, create, query, readJson } from "../dom.js";
import { chip } from "./format.js";
import { listenToKeys } from "./keyboard.js";
import { Player } from "./player.js";
import { enableScrubbing } from "./scrubber.js";
import { TimelineModel } from "./timeline-model.js";
import { TimelineView } from "./timeline-view.js";
import { Tooltip, labelChip, tooltipLine } from "./tooltip.js";

/**
 * @typedef {{start_s: number[], end_s: number[], first: number[], second: number[]}} PairColumns
 * @typedef {import("./timeline-model.js").Segment & {a: string, b: string}} SegmentPair
 *   time in which neither analysis changes its label
 */

/**
 * @param {PairColumns} columns
 * @param {string[]} labels
 * @returns {SegmentPair[]}
 */
const pairsOf = ({ start_s, end_s, ...columns }, labels) =>
  start_s.map((start, number) => {
    const [a, b] = [labels[columns.first[number]], labels[columns.second[number]]];
    const label = a === b ? `${a} in both` : `${a} against ${b}`;
    const evidence = {
      confidence: 0,
      face: 0,
      voice: 0,
      eeg: 0,
      unimodal: [],
      dimensions: [],
      reason: "",
      warning: "",
    };
    return { number, start, end: end_s[number], value: columns.first[number], label, a, b, ...evidence };
  });

const payload = readJson("timeline-data");
const model = new TimelineModel(payload, pairsOf(payload.pairs, payload.labels));
const view = new TimelineView(byId("tiers"), model);
const video = byId("player", HTMLVideoElement);
const rows = [...document.querySelectorAll("[data-seconds]")];
const player = new Player(video, { onMoment: () => show(player.moment), onSeek: () => {} });
const tooltip = new Tooltip(query(document, ".timeline-tooltip"), view, (seconds) => {
  const { a, b } = model.segmentAt(seconds);
  return [tooltipLine("A", labelChip(a)), tooltipLine("B", labelChip(b))];
});

let current = -1;
/** @param {number} seconds */
const show = (seconds) => {
  view.show(seconds, player.playing);
  const { number, start, a, b } = model.segmentAt(seconds);
  if (number === current) return;
  current = number;
  byId("current-segment").replaceChildren(
    create("span", "emotion-chip", "A", ...chip(a)),
    create("span", "emotion-chip", "B", ...chip(b)),
  );
  for (const row of rows) {
    const isCurrent = Math.abs(Number(row.getAttribute("data-seconds")) - start) < 0.001;
    row.classList.toggle("current", isCurrent);
    if (isCurrent) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
};

/** @param {number} offset */
const goToPair = (offset) => {
  const number = Math.min(model.segments.length - 1, Math.max(0, model.numberAt(player.moment) + offset));
  player.seek(model.segments[number].start);
};
/** @type {Record<string, () => unknown>} */
const commands = {
  ...player.commands,
  end: () => player.seek(model.duration),
  previous: () => goToPair(-1),
  next: () => goToPair(1),
  zoomIn: () => view.zoom(view.factor * 2),
  zoomOut: () => view.zoom(view.factor / 2),
  zoomFit: () => view.zoom(1),
  hideTooltip: () => tooltip.dismiss(),
};
listenToKeys(commands);
enableScrubbing(view, tooltip, player);

document.addEventListener("click", (event) => {
  const target = closest(event, "[data-command], [data-seconds]");
  if (target?.dataset.command) commands[target.dataset.command]();
  else if (target?.dataset.seconds) player.seek(Number(target.dataset.seconds));
});
video.addEventListener("error", () => {
  byId("unplayable").hidden = false;
});
new MutationObserver(() => view.draw()).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
show(0);
