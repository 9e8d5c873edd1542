// Checks the chosen files against what is left of the user's quota, before anything is sent.
import { megabytes } from "./file-checks.js";

/**
 * @typedef {import("./recording-row.js").RecordingRow} RecordingRow
 * @typedef {import("./tus-upload.js").TusUpload} TusUpload
 * @typedef {{bytesLeft?: string, secondsLeft?: string}} Quota empty where there is no limit
 */

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** @param {number} seconds */
const minutes = (seconds) => (seconds / 60).toFixed(1);

/**
 * Why an upload does not fit beside the accepted files of `rows`; "" where it does.
 * @param {TusUpload} upload
 * @param {RecordingRow[]} rows
 * @param {Quota} quota
 */
export const quotaProblem = (upload, rows, { bytesLeft, secondsLeft }) => {
  const counts = (/** @type {TusUpload} */ each) => each === upload || (each.file !== null && each.state !== "refused");
  const uploads = rows.flatMap((row) => row.uploads).filter(counts);
  // The server has counted resumed uploads already.
  const bytes = sum(uploads.filter((each) => !each.resumed).map((each) => each.size));
  const videos = rows.filter((row) => row.files.video && counts(row.files.video));
  const seconds = sum(videos.map((row) => row.seconds.video ?? 0));
  const message = (/** @type {string} */ has, /** @type {string} */ left) =>
    `There is not enough space for ${upload.name}: all chosen files together ${has}, and you have ${left} left. ` +
    "Delete recordings that you no longer need, or send fewer.";
  if (bytesLeft && bytes > Number(bytesLeft)) return message(`have ${megabytes(bytes)}`, megabytes(Number(bytesLeft)));
  if (secondsLeft && seconds > Number(secondsLeft)) {
    return message(`last ${minutes(seconds)} minutes`, `${minutes(Number(secondsLeft))} minutes`);
  }
  return "";
};
