// What was read at a moment of the timeline, beside the pointer or the playhead.
import { chip, clock, element, evidence, percent, saidAlone } from "./words.js";

const MOST = 3; // probabilities told

export class Tip {
  dismissed = false; // until the timeline is left
  #place;
  #reading;
  #lanes;

  constructor(place, reading, lanes) {
    this.#place = place;
    this.#reading = reading;
    this.#lanes = lanes;
  }

  show(seconds) {
    const segment = this.#reading.segment(this.#reading.at(seconds));
    const lines = [
      element("div", "tip-time numbers", clock(seconds)),
      element("div", "tip-label emotion-chip", ...chip(segment.label), segment.confidence ? percent(segment.confidence) : ""),
    ];
    for (const [label, share] of this.#reading.probabilities(seconds, MOST)) {
      lines.push(element("div", "tip-line numbers", element("span", "emotion-chip", ...chip(label)), percent(share)));
    }
    for (const [name, label] of this.#reading.alone(seconds)) {
      lines.push(element("div", "tip-alone", `${name}: ${label}`));
    }
    lines.push(
      element("div", "tip-segment", "In this segment"),
      element("div", "evidence", evidence(segment, this.#reading.withEeg)),
      element("div", "said-alone", saidAlone(segment)),
    );
    this.#place.replaceChildren(...lines);
    this.#place.hidden = false;
    const room = this.#lanes.scroller.clientWidth - this.#place.offsetWidth;
    const left = this.#lanes.x(seconds) - this.#place.offsetWidth / 2;
    this.#place.style.left = `${Math.max(0, Math.min(room, left))}px`;
  }

  hide() {
    this.#place.hidden = true;
    this.dismissed = false;
  }

  dismiss() {
    this.hide();
    this.dismissed = true;
  }
}
