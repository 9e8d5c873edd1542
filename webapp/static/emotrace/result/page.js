// The result page: the player, the timeline and the table of segments show one and the same moment.
import { Correct } from "./correct.js";
import { Faces } from "./faces.js";
import { Label } from "./label.js";
import { Lanes } from "./lanes.js";
import { List } from "./list.js";
import { Loop } from "./loop.js";
import { listen } from "./keys.js";
import { onPaper } from "./paper.js";
import { Player } from "./player.js";
import { Reading } from "./reading.js";
import { scrub } from "./scrub.js";
import { Tip } from "./tip.js";

const video = document.getElementById("player");
const unplayable = document.getElementById("unplayable");
const transport = document.getElementById("transport");
const speed = document.getElementById("speed");
const button = (name) => transport.querySelector(`[data-command=${name}]`);

const CORRECTING = [
  "split", "mergeNext", "mergePrevious", "startEarlier", "startLater", "endEarlier", "endLater", "undo", "redo", "writeNote", "save",
];

// What the page shows of the reading, as soon as there is one.
let source = null;
let read = null;
let current = -1;

const player = new Player(video, {
  onMoment: (seconds) => {
    loop.keep(seconds);
    show(player.moment);
  },
  onSeek: (seconds) => {
    if (loop.segment) repeat(read.reading.segment(read.reading.at(seconds)));
  },
});
const loop = new Loop(player);
const label = new Label();
const faces = new Faces(video);

const show = (seconds) => {
  if (!read) return;
  const { reading, lanes, list, tip, correct } = read;
  faces.show(seconds);
  correct?.show();
  lanes.show(seconds, player.playing);
  label.tell(seconds);
  if (lanes.scroller.matches(":focus-visible") && !lanes.root.matches(":hover") && !tip.dismissed) tip.show(seconds);
  const number = reading.at(seconds);
  if (number === current) return;
  current = number;
  const segment = reading.segment(number);
  lanes.mark(segment);
  list.show(number);
  label.show(segment, reading.withEeg);
  cover();
};

const repeat = (segment) => {
  loop.segment = segment;
  read.lanes.repeat(segment);
  button("loop").setAttribute("aria-pressed", String(segment !== null));
};

const labelled = () => document.querySelector("[data-labelled]");
const original = () => document.querySelector("[data-source]:not([data-labelled])");
const choose = (url) => {
  for (const each of document.querySelectorAll("[data-source]")) {
    const chosen = each.dataset.source === url;
    each.classList.toggle("active", chosen);
    each.setAttribute("aria-pressed", String(chosen));
  }
  unplayable.hidden = true;
  player.load(url);
  cover();
};
const burnedIn = () => video.getAttribute("src") === labelled()?.dataset.source;
const cover = () => {
  label.cover(burnedIn());
  button("overlay")?.setAttribute("aria-pressed", String(burnedIn() || label.on));
};

const by = (seconds) => player.seek(Math.min(video.duration || Infinity, Math.max(0, player.moment + seconds)));
const toSegment = (offset) => {
  const { reading, correct } = read;
  const [segments, at] = correct?.on ? [correct.segments, correct.at(player.moment)] : [reading.segments, reading.at(player.moment)];
  const number = Math.min(segments.length - 1, Math.max(0, at + offset));
  player.seek(correct?.on ? segments[number].start : reading.segment(number).start);
};
const explain = (words) => {
  const place = document.getElementById("faces-why");
  place.hidden = false;
  place.textContent = words;
};
const withTimeline = (command) => () => { if (read) command(); };
const commands = {
  toggle: () => player.toggle(),
  pause: () => player.pause(),
  faster: () => player.faster(),
  back1: () => by(-1),
  on1: () => by(1),
  back5: () => by(-5),
  on5: () => by(5),
  begin: () => player.seek(0),
  end: withTimeline(() => player.seek(read.reading.duration)),
  previous: withTimeline(() => toSegment(-1)),
  next: withTimeline(() => toSegment(1)),
  loop: withTimeline(() => repeat(loop.segment ? null : read.reading.segment(read.reading.at(player.moment)))),
  // The labelled video cannot lose its label: without one, the original plays.
  overlay: withTimeline(() => {
    if (!button("overlay")) return; // whoever only looks has no original
    label.switch(!(burnedIn() || label.on));
    if (burnedIn()) choose(original().dataset.source);
    cover();
  }),
  faces: withTimeline(async () => {
    if (!read.reading.faces) explain("There are no boxes: this was read before the places of faces were kept. Analyse the recording again to have them.");
    else await faces.switch().catch((error) => explain(`The boxes cannot be had. ${error.message}.`));
    button("faces").setAttribute("aria-pressed", String(faces.on));
  }),
  fullScreen: () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else video.parentElement.requestFullscreen();
  },
  correct: withTimeline(() => read.correct?.switch()),
  zoomIn: withTimeline(() => read.lanes.zoom(read.lanes.factor * 2)),
  zoomOut: withTimeline(() => read.lanes.zoom(read.lanes.factor / 2)),
  zoomFit: withTimeline(() => read.lanes.zoom(1)),
  hideTip: withTimeline(() => read.tip.dismiss()),
  help: () => document.getElementById("keys").showModal(),
};
for (const name of CORRECTING) commands[name] = withTimeline(() => read.correct?.commands[name]());
listen(commands, () => read?.correct?.on ?? false, (index) => read.correct.label(index));

document.addEventListener("click", (event) => {
  const find = (selector) => event.target.closest(selector);
  if (find("[data-command]")) commands[find("[data-command]").dataset.command]();
  else if (find("[data-correct]")) read.correct.act(find("[data-correct]").dataset.correct);
  else if (find("[data-label]")) read.correct.label(Number(find("[data-label]").dataset.label));
  else if (find("[data-source]")) choose(find("[data-source]").dataset.source);
  else if (find("[data-turn]") && read) {
    event.preventDefault();
    read.list.turn(Number(find("[data-turn]").dataset.turn));
  } else if (find("tr[data-number]") && read) {
    player.seek(read.reading.segment(Number(find("tr[data-number]").dataset.number)).start);
  }
});

for (const name of ["play", "pause", "ended"]) {
  video.addEventListener(name, () => { button("toggle").textContent = player.playing ? "Pause" : "Play"; });
}
video.addEventListener("error", () => { unplayable.hidden = false; });
video.addEventListener("ratechange", () => { speed.value = String(player.speed); });
speed.addEventListener("change", () => { player.speed = Number(speed.value); });

// Whoever only looks has no tools to correct with.
const mayCorrect = () => document.getElementById("correct") !== null;

// A reading that has just come, with the page or into it.
const settle = () => {
  const element = document.getElementById("reading");
  if (element && element !== source) {
    const reading = new Reading(JSON.parse(element.textContent));
    const lanes = new Lanes(document.getElementById("lanes"), reading);
    const tip = new Tip(document.querySelector(".tip"), reading, lanes);
    read = { reading, lanes, tip, list: new List(reading), correct: mayCorrect() ? new Correct(reading, lanes, player) : null };
    button("faces").setAttribute("aria-disabled", String(!reading.faces));
    scrub(lanes, tip, player);
    source = element;
    current = -1;
  }
  const now = document.getElementById("now-label");
  if (now && !now.hasChildNodes()) current = -1;
  for (const each of transport.querySelectorAll("[data-needs-timeline]")) each.hidden = !read;
  show(player.moment);
};

document.body.addEventListener("htmx:afterSettle", () => {
  const fresh = document.querySelector("[data-fresh]");
  if (fresh) {
    fresh.removeAttribute("data-fresh");
    choose(fresh.dataset.source);
  }
  settle();
});
document.body.addEventListener("corrected", () => read?.list.corrected());
// Deleted in another tab: there is nothing to ask for any more.
document.body.addEventListener("htmx:responseError", (event) => {
  const gone = document.getElementById("gone");
  if (event.detail.xhr.status === 404 && gone) gone.parentElement.replaceChildren(gone.content);
});

new MutationObserver(() => read?.lanes.draw()).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
onPaper({ before: () => read?.list.all(), after: () => read?.list.onePage() });
transport.hidden = false;
settle();
if (video.error) unplayable.hidden = false;
