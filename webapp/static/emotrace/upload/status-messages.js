// What the upload page says about the state of a recording.
import { megabytes } from "./file-checks.js";

/**
 * @typedef {"posting" | "logged-out" | "done" | "refused" | "missing" | "broken" | "paused" | "busy" | "sending" |
 *   "sent" | "waiting"} Status
 * @typedef {{sent: number, size: number, speed: number, missing: string[], submitted: boolean,
 *   consented: boolean}} Progress bytes, bytes a second, names of files to choose again
 */

/** @param {number} seconds */
const roundedDuration = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} minutes`);

/**
 * @param {Status} status
 * @param {Progress} progress
 */
export const statusMessage = (status, { sent, size, speed, missing, submitted, consented }) => {
  const amount = `${megabytes(sent)} of ${megabytes(size)}`;
  const left = speed > 0 ? ` · ${megabytes(speed)}/s · ${roundedDuration((size - sent) / speed)} left` : "";
  const checking = "Everything is sent. Checking the files …";
  return {
    done: "Sent.",
    posting: checking,
    "logged-out": "You are logged out. Nothing is lost: log in again in another tab, and sending continues here.",
    refused: "Choose another file instead of the one that cannot be read. Files that are already sent stay.",
    missing: `${amount} are on the server. Choose ${missing.join(" and ")} again to continue.`,
    broken: `The connection was lost at ${amount}. Sending continues when it is back; nothing is sent twice.`,
    paused: `Paused at ${amount}.`,
    busy: `The server is busy at ${amount}. Sending continues by itself; nothing is sent twice.`,
    sending: `${Math.floor((100 * sent) / Math.max(1, size))} % · ${amount}${left}`,
    sent: submitted ? checking : "Everything is sent. Start the analysis below.",
    waiting: consented ? "Waiting for its turn." : "Waiting for your agreement above.",
  }[status];
};
