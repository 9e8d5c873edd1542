// Records a camera and its microphone into one file.
import { fileName, recordingFormat } from "./format.js";

/**
 * @typedef {{deliveredFrames: number, discardedFrames: number, totalFrames: number}} FrameCounts
 * @typedef {{file: File, droppedFrames: number | null}} Recorded `droppedFrames` is null where the browser cannot tell
 */

const PART_MS = 1000;
const NOT_STARTED = "The camera or the microphone cannot be recorded. Connect both, and try again.";

/**
 * Frames that were lost between two counts of a camera; null where one is missing. Frames that are left out to keep
 * the wanted rate are not lost.
 * @param {FrameCounts | undefined} before
 * @param {FrameCounts | undefined} after
 */
export const droppedFrames = (before, after) => {
  if (!before || !after) return null;
  const lost = (/** @type {FrameCounts} */ counts) =>
    counts.totalFrames - counts.deliveredFrames - counts.discardedFrames;
  return Math.max(0, lost(after) - lost(before));
};

/** @param {MediaStream} stream */
const frameCounts = (stream) =>
  /** @type {{stats?: FrameCounts}} */ (/** @type {unknown} */ (stream.getVideoTracks()[0])).stats;

export class Recorder {
  /** @type {Blob[]} */
  #parts = [];
  #stream;
  #recorder;
  #startedAt = 0;
  /** @type {FrameCounts | undefined} */
  #framesBefore;
  #stopped;

  /**
   * Throws where the browser records nothing that is read here.
   * @param {MediaStream} stream
   * @param {(part: Blob) => void} [onPart] called every second with what was recorded since
   */
  constructor(stream, onPart = () => {}) {
    const format = recordingFormat((type) => MediaRecorder.isTypeSupported(type));
    if (!format) throw new Error("This browser records neither WebM nor MP4. Try another one.");
    this.#stream = stream;
    this.name = fileName(new Date(), format.suffix);
    this.#recorder = new MediaRecorder(stream, { mimeType: format.type });
    this.#recorder.ondataavailable = ({ data }) => {
      this.#parts.push(data);
      onPart(data);
    };
    this.#stopped = new Promise((resolve) => {
      this.#recorder.onstop = resolve;
    });
  }

  /** Returns when the recording runs. Throws where it cannot. */
  async start() {
    const running = new Promise((resolve, reject) => {
      this.#recorder.onstart = resolve;
      // Without a camera it ends before it runs.
      this.#recorder.onerror = () => reject(new Error(NOT_STARTED));
      this.#stopped.then(() => reject(new Error(NOT_STARTED)));
    });
    // Counts are objects that the browser updates.
    this.#framesBefore = copyOf(frameCounts(this.#stream));
    // The first picture is stamped 0 when it comes after this call; `onstart` fires only when it is encoded.
    this.#startedAt = performance.now();
    try {
      this.#recorder.start(PART_MS);
    } catch {
      throw new Error(NOT_STARTED);
    }
    await running;
  }

  /** Seconds since the start of the recording. */
  get seconds() {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** The media type, once it runs. */
  get type() {
    return this.#recorder.mimeType;
  }

  /** @returns {Promise<Recorded>} */
  async stop() {
    const lost = droppedFrames(this.#framesBefore, frameCounts(this.#stream));
    // It stops by itself where the camera is taken away.
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    await this.#stopped;
    return { file: new File(this.#parts, this.name, { type: this.type }), droppedFrames: lost };
  }
}

/** @param {FrameCounts | undefined} counts */
const copyOf = (counts) =>
  counts && {
    deliveredFrames: counts.deliveredFrames,
    discardedFrames: counts.discardedFrames,
    totalFrames: counts.totalFrames,
  };
