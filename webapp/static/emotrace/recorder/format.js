// What the browser records, and what the file is called.

/**
 * @typedef {{type: string, suffix: string}} RecordingFormat `type` is a media type for MediaRecorder
 */

// VP8 is cheap to encode: a slow computer drops fewer frames. Safari records MP4 only.
const FORMATS = [
  { type: "video/webm;codecs=vp8,opus", suffix: "webm" },
  { type: "video/webm", suffix: "webm" },
  { type: "video/mp4", suffix: "mp4" },
];

/**
 * The first format that the browser records; null where there is none.
 * @param {(type: string) => boolean} isSupported
 * @returns {RecordingFormat | null}
 */
export const recordingFormat = (isSupported) => FORMATS.find(({ type }) => isSupported(type)) ?? null;

/** @param {number} number */
const twoDigits = (number) => String(number).padStart(2, "0");

/**
 * A file's name with the local time.
 * @param {Date} at
 * @param {string} suffix
 */
export const fileName = (at, suffix) => {
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join("-");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(".");
  return `recording ${day} ${time}.${suffix}`;
};

/** @param {number} seconds */
export const elapsed = (seconds) => `${Math.floor(seconds / 60)}:${twoDigits(Math.floor(seconds % 60))}`;
