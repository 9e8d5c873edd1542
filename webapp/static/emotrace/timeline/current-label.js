// The label at the playhead: below the player, and on demand over the picture.
import { byId } from "../dom.js";
import { load, store } from "../local-storage.js";
import { capitalize, chip, clock, dimensions, evidence, percent, unimodalLabels } from "./format.js";

/** @typedef {import("./timeline-model.js").Segment} Segment */

const OVERLAY_KEY = "emotrace-overlay";

export class CurrentLabel {
  overlayEnabled = load(OVERLAY_KEY) !== "off";
  #overlay = byId("overlay");
  #hasLabel = false;

  /** @param {boolean} enabled */
  enableOverlay(enabled) {
    this.overlayEnabled = enabled;
    store(OVERLAY_KEY, enabled ? "on" : "off");
  }

  /**
   * Show or hide the overlay.
   * @param {boolean} burnedIn whether the video itself shows the label
   */
  updateOverlay(burnedIn) {
    this.#overlay.hidden = !this.#hasLabel || burnedIn || !this.overlayEnabled;
  }

  /**
   * @param {Segment} segment
   * @param {boolean} withEeg
   */
  showSegment(segment, withEeg) {
    this.#hasLabel = true;
    const confidence = segment.confidence ? percent(segment.confidence) : "";
    this.#overlay.textContent = `${capitalize(segment.label)} ${confidence}`.trim();
    this.#overlay.className = `overlay emotion-${segment.label}`;
    byId("current-label").replaceChildren(...chip(segment.label));
    byId("current-confidence").textContent = confidence;
    byId("current-dimensions").textContent = dimensions(segment);
    byId("current-evidence").textContent = evidence(segment, withEeg);
    byId("current-unimodal").textContent = unimodalLabels(segment);
    byId("current-novelty").textContent = segment.warning;
  }

  /** @param {number} seconds */
  showTime(seconds) {
    byId("current-time").textContent = clock(seconds);
  }
}
