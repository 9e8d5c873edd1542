// Two readings of one recording: the player, both lanes and the list of differences show one and the same moment.
import { listen } from "./result/keys.js";
import { Lanes } from "./result/lanes.js";
import { Player } from "./result/player.js";
import { Reading } from "./result/reading.js";
import { scrub } from "./result/scrub.js";
import { chip, clock, element } from "./result/words.js";

// Stretches [start, end, label of A, label of B] in the place of segments.
class Both extends Reading {
  constructor({ stretches, ...handed }) {
    super({ ...handed, segments: stretches, chart: [[]] });
  }

  segment(number) {
    const [start, end, one, other] = this.segments[number];
    const [a, b] = [this.labels[one], this.labels[other]];
    return { number, start, end, a, b, label: a === b ? `${a} in both` : `${a} against ${b}`, confidence: 0 };
  }
}

// What both say at a moment, above it.
class Tip {
  constructor(place, reading, lanes) {
    Object.assign(this, { place, reading, lanes });
  }

  show(seconds) {
    const { a, b } = this.reading.segment(this.reading.at(seconds));
    const line = (name, label) => element("div", "tip-line", name, element("span", "emotion-chip", ...chip(label)));
    this.place.replaceChildren(element("div", "tip-time numbers", clock(seconds)), line("A", a), line("B", b));
    this.place.hidden = false;
    const room = this.lanes.scroller.clientWidth - this.place.offsetWidth;
    const left = this.lanes.x(seconds) - this.place.offsetWidth / 2;
    this.place.style.left = `${Math.max(0, Math.min(room, left))}px`;
  }

  hide() {
    this.place.hidden = true;
  }
}

const video = document.getElementById("player");
const now = document.getElementById("now");
const rows = [...document.querySelectorAll("[data-seconds]")];
const reading = new Both(JSON.parse(document.getElementById("reading").textContent));
const lanes = new Lanes(document.getElementById("lanes"), reading);
const player = new Player(video, { onMoment: () => show(player.moment), onSeek: () => {} });

let current = -1;
const show = (seconds) => {
  lanes.show(seconds, player.playing);
  const number = reading.at(seconds);
  if (number === current) return;
  current = number;
  const { start, a, b } = reading.segment(number);
  now.replaceChildren(..."ab".split("").map((name, at) =>
    element("span", "emotion-chip", name.toUpperCase(), ...chip([a, b][at]))));
  for (const row of rows) {
    const here = Math.abs(Number(row.dataset.seconds) - start) < 0.001;
    row.classList.toggle("current", here);
    if (here) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
};

const by = (seconds) => player.seek(Math.min(video.duration || Infinity, Math.max(0, player.moment + seconds)));
const to = (offset) => {
  const number = Math.min(reading.segments.length - 1, Math.max(0, reading.at(player.moment) + offset));
  player.seek(reading.segment(number).start);
};
const commands = {
  toggle: () => player.toggle(),
  pause: () => player.pause(),
  faster: () => player.faster(),
  back1: () => by(-1),
  on1: () => by(1),
  back5: () => by(-5),
  on5: () => by(5),
  begin: () => player.seek(0),
  end: () => player.seek(reading.duration),
  previous: () => to(-1),
  next: () => to(1),
  zoomIn: () => lanes.zoom(lanes.factor * 2),
  zoomOut: () => lanes.zoom(lanes.factor / 2),
  zoomFit: () => lanes.zoom(1),
};
listen(commands);
scrub(lanes, new Tip(document.querySelector(".tip"), reading, lanes), player);

document.addEventListener("click", (event) => {
  const command = event.target.closest("[data-command]");
  const row = event.target.closest("[data-seconds]");
  if (command) commands[command.dataset.command]();
  else if (row) player.seek(Number(row.dataset.seconds));
});
video.addEventListener("error", () => { document.getElementById("unplayable").hidden = false; });
new MutationObserver(() => lanes.draw()).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
show(0);
