// Sends a recording and what was shown in it.
import { readProblem, request } from "../session.js";
import { TusUpload } from "../upload/tus-upload.js";

/**
 * @typedef {import("./presentation.js").Shown} Shown
 * @typedef {object} Delivery
 * @property {File} file
 * @property {Shown[]} shown
 * @property {number | null} droppedFrames
 * @property {string | null} upload address of the upload that was begun earlier
 * @typedef {{percent: number, message: string}} Progress
 */

const RETRY_S = 5;

/** @type {Partial<Record<import("../upload/tus-upload.js").State, string>>} */
const MESSAGES = {
  broken: "The connection was lost. Sending continues when it is back; nothing is sent twice.",
  busy: "The server is busy. Sending continues by itself; nothing is sent twice.",
};

/**
 * Send the video in parts. Throws where the server refuses it.
 * @param {Delivery} delivery
 * @param {(progress: Progress) => void} onProgress
 * @param {(address: string | null) => void} onAddress
 */
const sendFile = async ({ file, upload: address }, onProgress, onAddress) => {
  let known = address;
  const upload = new TusUpload({
    name: file.name,
    size: file.size,
    modified: file.lastModified,
    address,
    onChange: ({ address: current, sent, size, state }) => {
      if (current !== known) onAddress((known = current));
      const percent = (100 * sent) / Math.max(1, size);
      onProgress({ percent, message: MESSAGES[state] ?? `${Math.floor(percent)} %` });
    },
  });
  upload.attach(file);
  await upload.run();
  if (upload.state !== "finished") throw new Error(upload.problem || "The page can no longer reach the study.");
};

/**
 * Make a recording of the video that was sent; a server that is busy is asked again. Throws for a final refusal.
 * @param {string} url
 * @param {{shown: Shown[], dropped_frames: number | null}} content
 * @param {(progress: Progress) => void} onProgress
 */
const complete = async (url, content, onProgress) => {
  const headers = { "Content-Type": "application/json" };
  for (;;) {
    onProgress({ percent: 100, message: "Checking the recording …" });
    const response = await request("POST", url, { body: JSON.stringify(content), headers }).catch(() => null);
    if (response?.ok) return;
    if (response && response.status !== 429 && response.status < 500) {
      throw new Error((await readProblem(response)).detail);
    }
    const seconds = Number(response?.headers.get("Retry-After")) || RETRY_S;
    onProgress({ percent: 100, message: (response ? MESSAGES.busy : MESSAGES.broken) ?? "" });
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
};

/**
 * @param {string} url at which the recording is completed
 * @param {Delivery} delivery
 * @param {(progress: Progress) => void} onProgress
 * @param {(address: string | null) => void} onAddress called when an upload is begun
 */
export const deliver = async (url, delivery, onProgress, onAddress) => {
  await sendFile(delivery, onProgress, onAddress);
  await complete(url, { shown: delivery.shown, dropped_frames: delivery.droppedFrames }, onProgress);
};
