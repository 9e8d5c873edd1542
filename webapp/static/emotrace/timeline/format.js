// How moments, labels and shares are written on the page.
import { create } from "../dom.js";

/** @typedef {import("./timeline-model.js").Segment} Segment */

/** @param {number} seconds */
export const clock = (seconds) => {
  const tenths = Math.round(seconds * 10);
  const hours = Math.floor(tenths / 36000);
  const minutes = Math.floor((tenths % 36000) / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
};

/**
 * A clock time for the axis, with tenths only where they are not zero.
 * @param {number} seconds
 */
export const shortClock = (seconds) => clock(seconds).replace(/\.0$/, "");

/** @param {string} label */
export const capitalize = (label) => label.charAt(0).toUpperCase() + label.slice(1);

/** @param {number} share in percent */
export const percent = (share) => `${share} %`;

/**
 * How much of a face, a voice and EEG a segment has, or why it is undetermined, as the templates write it.
 * @param {Segment} segment
 * @param {boolean} withEeg
 */
export const evidence = (segment, withEeg) => {
  if (!segment.confidence) return segment.reason;
  const parts = [`face seen ${percent(segment.face)}`, `voice heard ${percent(segment.voice)}`];
  if (withEeg) parts.push(segment.eeg ? "EEG present" : "no EEG");
  return parts.join(", ");
};

/**
 * The label that each modality alone gives a segment, as the templates write it.
 * @param {Segment} segment
 */
export const unimodalLabels = (segment) =>
  segment.unimodal
    .map(({ modality, label, probability }) => `${modality}: ${label} ${percent(probability)}`)
    .join(", ");

/**
 * Valence and arousal of a segment, as the templates write them.
 * @param {Segment} segment
 */
export const dimensions = (segment) =>
  segment.dimensions.map(({ name, level, probability }) => `${level} ${name} ${percent(probability)}`).join(", ");

/**
 * A label with its colour, as the templates write it.
 * @param {string} label
 */
export const chip = (label) => [create("span", `swatch emotion-${label}`), create("span", "name", label)];
