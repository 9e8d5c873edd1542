// The result page: the player, the timeline and the table of segments show the same moment.
import { byId, closest, query, readJson } from "../dom.js";
import { CorrectionEditor } from "./correction-editor.js";
import { CurrentLabel } from "./current-label.js";
import { FaceBox } from "./face-box.js";
import { listenToKeys } from "./keyboard.js";
import { alignLanes, markerCommands, moveLanePlayheads, placeMarkers, showMarkerButtons } from "./lanes.js";
import { Player } from "./player.js";
import { onPrint } from "./print.js";
import { enableScrubbing } from "./scrubber.js";
import { SegmentLoop } from "./segment-loop.js";
import { SegmentTable } from "./segment-table.js";
import { TimelineModel } from "./timeline-model.js";
import { TimelineView } from "./timeline-view.js";
import { Tooltip, analysisLines } from "./tooltip.js";

/**
 * @typedef {{model: TimelineModel, view: TimelineView, tooltip: Tooltip, table: SegmentTable,
 *   editor: CorrectionEditor | null}} Timeline
 */

const CORRECTION_COMMANDS = [
  "split",
  "mergeNext",
  "mergePrevious",
  "startEarlier",
  "startLater",
  "endEarlier",
  "endLater",
  "undo",
  "redo",
  "writeNote",
  "save",
];

const video = byId("player", HTMLVideoElement);
const unplayable = byId("unplayable");
const controls = byId("player-controls");
const speed = byId("speed", HTMLSelectElement);

/** @type {Element | null} the script element that the timeline was read from */
let source = null;
/** @type {Timeline | null} as soon as there is one */
let timeline = null;
let current = -1; // number of the segment at the playhead

const player = new Player(video, {
  onMoment: (seconds) => {
    loop.check(seconds);
    show(player.moment);
  },
  onSeek: (seconds) => {
    if (loop.segment && timeline) setLoop(timeline, timeline.model.segmentAt(seconds));
  },
});
const loop = new SegmentLoop(player);
const label = new CurrentLabel();
const faceBox = new FaceBox(video);

/**
 * @param {string} name
 * @param {boolean} pressed
 */
const pressButton = (name, pressed) =>
  controls.querySelector(`[data-command=${name}]`)?.setAttribute("aria-pressed", String(pressed));

/** @param {number} seconds */
const show = (seconds) => {
  if (!timeline) return;
  const { model, view, table, tooltip, editor } = timeline;
  faceBox.show(seconds);
  editor?.show();
  view.show(seconds, player.playing);
  moveLanePlayheads(seconds / model.duration);
  label.showTime(seconds);
  const focused = view.scroller.matches(":focus-visible") && !view.root.matches(":hover");
  if (focused && !tooltip.dismissed) tooltip.show(seconds);
  const number = model.numberAt(seconds);
  if (number === current) return;
  current = number;
  const segment = model.segments[number];
  view.markCurrent(segment);
  table.showCurrent(number);
  label.showSegment(segment, model.withEeg);
  updateOverlay();
};

/**
 * @param {Timeline} of
 * @param {import("./timeline-model.js").Span | null} segment
 */
const setLoop = ({ view }, segment) => {
  loop.segment = segment;
  view.markLoop(segment);
  pressButton("loop", segment !== null);
};

const labelledUrl = () => document.querySelector("[data-labelled]")?.getAttribute("data-source");
const originalUrl = () => document.querySelector("[data-source]:not([data-labelled])")?.getAttribute("data-source");

/** @param {string} url */
const chooseVideo = (url) => {
  for (const button of document.querySelectorAll("[data-source]")) {
    const chosen = button.getAttribute("data-source") === url;
    button.classList.toggle("active", chosen);
    button.setAttribute("aria-pressed", String(chosen));
  }
  unplayable.hidden = true;
  player.load(url);
  updateOverlay();
};
const labelBurnedIn = () => video.getAttribute("src") === labelledUrl();
const updateOverlay = () => {
  label.updateOverlay(labelBurnedIn());
  pressButton("overlay", labelBurnedIn() || label.overlayEnabled);
};

/**
 * @param {Timeline} of
 * @param {number} offset
 */
const goToSegment = ({ model, editor }, offset) => {
  const { segments, at } = editor?.active
    ? { segments: editor.draft.segments, at: editor.draft.numberAt(player.moment) }
    : { segments: model.segments, at: model.numberAt(player.moment) };
  player.seek(segments[Math.min(segments.length - 1, Math.max(0, at + offset))].start);
};

// The label in the labelled video cannot be hidden: without it, the original plays.
const toggleOverlay = () => {
  const original = originalUrl();
  if (!original) return; // viewers of a shared recording have no original
  const wasBurnedIn = labelBurnedIn();
  label.enableOverlay(!(wasBurnedIn || label.overlayEnabled));
  if (wasBurnedIn) chooseVideo(original);
  updateOverlay();
};

/** @param {string} message */
const explainFaces = (message) => {
  const element = byId("faces-message");
  element.hidden = false;
  element.textContent = message;
};

/** @param {Timeline} of */
const toggleFaces = async ({ model }) => {
  if (model.hasFaces) {
    await faceBox.toggle().catch((error) => explainFaces(`The boxes cannot be loaded. ${error.message}.`));
  } else {
    explainFaces(
      "There are no boxes: this analysis is older than the storage of face positions. Analyse the recording again to have them.",
    );
  }
  pressButton("faces", faceBox.enabled);
};

/** @param {string} id of the field that gets the playhead's time */
const setBaseline = (id) => {
  byId(id, HTMLInputElement).value = player.moment.toFixed(1);
};

/** @param {(timeline: Timeline) => unknown} command */
const withTimeline = (command) => () => {
  if (timeline) command(timeline);
};
/** @type {Record<string, () => unknown>} */
const commands = {
  ...player.commands,
  ...markerCommands(() => player.moment),
  end: withTimeline(({ model }) => player.seek(model.duration)),
  previous: withTimeline((present) => goToSegment(present, -1)),
  next: withTimeline((present) => goToSegment(present, 1)),
  loop: withTimeline((present) => setLoop(present, loop.segment ? null : present.model.segmentAt(player.moment))),
  overlay: withTimeline(toggleOverlay),
  faces: withTimeline(toggleFaces),
  fullScreen: () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else video.parentElement?.requestFullscreen();
  },
  correct: withTimeline(({ editor }) => editor?.toggle()),
  zoomIn: withTimeline(({ view }) => view.zoom(view.factor * 2)),
  zoomOut: withTimeline(({ view }) => view.zoom(view.factor / 2)),
  zoomFit: withTimeline(({ view }) => view.zoom(1)),
  hideTooltip: withTimeline(({ tooltip }) => tooltip.dismiss()),
  baselineStart: () => setBaseline("baseline-start"),
  baselineEnd: () => setBaseline("baseline-end"),
  help: () => byId("keys", HTMLDialogElement).showModal(),
};
for (const name of CORRECTION_COMMANDS) commands[name] = withTimeline(({ editor }) => editor?.commands[name]());
listenToKeys(
  commands,
  () => timeline?.editor?.active ?? false,
  (index) => timeline?.editor?.setLabel(index),
);

/** @type {Record<string, (value: string, event: MouseEvent) => unknown>} what a click does, by data attribute */
const clicks = {
  command: (name) => commands[name](),
  correction: (name) => timeline?.editor?.act(name),
  label: (index) => timeline?.editor?.setLabel(Number(index)),
  source: (url) => chooseVideo(url),
  seek: (seconds) => player.seek(Number(seconds)),
  pageStep: (step, event) => {
    if (!timeline) return;
    event.preventDefault();
    timeline.table.turnPage(Number(step));
  },
  number: (number) => timeline && player.seek(timeline.model.segments[Number(number)].start),
};
const CLICKABLE =
  "[data-command], [data-correction], [data-label], [data-source], [data-seek], [data-page-step], tr[data-number]";
document.addEventListener("click", (event) => {
  const target = closest(event, CLICKABLE);
  for (const [name, handle] of Object.entries(clicks)) {
    const value = target?.dataset[name];
    if (value !== undefined) {
      handle(value, event);
      return;
    }
  }
});

for (const name of ["play", "pause", "ended"]) {
  video.addEventListener(name, () => {
    query(controls, "[data-command=toggle]").textContent = player.playing ? "Pause" : "Play";
  });
}
video.addEventListener("error", () => {
  unplayable.hidden = false;
});
video.addEventListener("ratechange", () => {
  speed.value = String(player.speed);
});
speed.addEventListener("change", () => {
  player.speed = Number(speed.value);
});

// Set up a timeline that has arrived with the page or later.
const setUpTimeline = () => {
  const element = document.getElementById("timeline-data");
  if (element && element !== source) {
    const model = new TimelineModel(readJson("timeline-data"));
    const view = new TimelineView(byId("tiers"), model, () => alignLanes(view));
    const tooltip = new Tooltip(query(document, ".timeline-tooltip"), view, (seconds) => analysisLines(model, seconds));
    const mayCorrect = document.getElementById("correction-editor") !== null;
    const editor = mayCorrect ? new CorrectionEditor(model, view, player) : null;
    timeline = { model, view, tooltip, table: new SegmentTable(model), editor };
    query(controls, "[data-command=faces]").setAttribute("aria-disabled", String(!model.hasFaces));
    enableScrubbing(view, tooltip, player);
    source = element;
    current = -1;
  }
  const currentLabel = document.getElementById("current-label");
  if (currentLabel && !currentLabel.hasChildNodes()) current = -1; // htmx has replaced it
  for (const button of controls.querySelectorAll("[data-needs-timeline]")) {
    /** @type {HTMLElement} */ (button).hidden = !timeline;
  }
  show(player.moment);
};

document.body.addEventListener("htmx:afterSettle", () => {
  const button = document.querySelector("[data-new-source]");
  if (button) {
    button.removeAttribute("data-new-source");
    chooseVideo(button.getAttribute("data-source") ?? "");
  }
  setUpTimeline();
  showMarkerButtons();
  if (timeline) alignLanes(timeline.view);
  show(player.moment);
});
document.body.addEventListener("corrected", () => timeline?.table.updateCorrections());
// The recording was deleted, or is shared no more, while the page was open.
document.body.addEventListener("htmx:responseError", (event) => {
  const gone = document.getElementById("gone");
  const { xhr } = /** @type {CustomEvent} */ (event).detail;
  if (xhr.status === 404 && gone instanceof HTMLTemplateElement) gone.parentElement?.replaceChildren(gone.content);
});

new MutationObserver(() => timeline?.view.draw()).observe(document.documentElement, {
  attributeFilter: ["data-bs-theme"],
});
onPrint({ before: () => timeline?.table.showAll(), after: () => timeline?.table.showOnePage() });
controls.hidden = false;
placeMarkers();
showMarkerButtons();
setUpTimeline();
const fragment = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash); // a media fragment names the moment to begin at
if (fragment) player.seek(Number(fragment[1]));
if (video.error) unplayable.hidden = false;
