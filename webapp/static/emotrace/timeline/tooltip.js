// The analysis at a moment of the timeline, above the pointer or the playhead.
import { create } from "../dom.js";
import { chip, clock, dimensions, evidence, percent, unimodalLabels } from "./format.js";

/**
 * @typedef {import("./timeline-model.js").TimelineModel} TimelineModel
 * @typedef {import("./timeline-view.js").TimelineView} TimelineView
 */

const PROBABILITIES = 3;

/**
 * A line with a label and a value.
 * @param {string | Node} name
 * @param {string | Node} value
 */
export const tooltipLine = (name, value) => create("div", "tooltip-line numbers", name, value);

/** @param {string} label */
export const labelChip = (label) => create("span", "emotion-chip", ...chip(label));

export class Tooltip {
  dismissed = false; // until the pointer or the focus leaves the timeline
  #element;
  #view;
  #lines;

  /**
   * @param {HTMLElement} element
   * @param {TimelineView} view
   * @param {(seconds: number) => Node[]} lines the content at a moment
   */
  constructor(element, view, lines) {
    this.#element = element;
    this.#view = view;
    this.#lines = lines;
  }

  /** @param {number} seconds */
  show(seconds) {
    this.#element.replaceChildren(create("div", "tooltip-time numbers", clock(seconds)), ...this.#lines(seconds));
    this.#element.hidden = false;
    const space = this.#view.scroller.clientWidth - this.#element.offsetWidth;
    const left = this.#view.x(seconds) - this.#element.offsetWidth / 2;
    this.#element.style.left = `${Math.max(0, Math.min(space, left))}px`;
  }

  hide() {
    this.#element.hidden = true;
    this.dismissed = false;
  }

  dismiss() {
    this.hide();
    this.dismissed = true;
  }
}

/**
 * The tooltip's content on the result page.
 * @param {TimelineModel} model
 * @param {number} seconds
 */
export const analysisLines = (model, seconds) => {
  const segment = model.segmentAt(seconds);
  const confidence = segment.confidence ? percent(segment.confidence) : "";
  return [
    create("div", "tooltip-label emotion-chip", ...chip(segment.label), confidence),
    ...model
      .probabilities(seconds, PROBABILITIES)
      .map(({ label, share }) => tooltipLine(labelChip(label), percent(share))),
    ...model.tierLabels(seconds).map(({ tier, label }) => create("div", "tooltip-tier", `${tier}: ${label}`)),
    create("div", "tooltip-segment", "In this segment"),
    create("div", "dimensions", dimensions(segment)),
    create("div", "evidence", evidence(segment, model.withEeg)),
    create("div", "unimodal", unimodalLabels(segment)),
    create("div", "novelty", segment.warning),
  ];
};
