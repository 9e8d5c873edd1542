// The box around the analysed face, over the picture, at the moments that were sampled.
import { byId } from "../dom.js";
import { lastStarted } from "./timeline-model.js";

/**
 * @typedef {{start: number, left: number, top: number, width: number, height: number}} Box pixels of the video
 * @typedef {{boxes: Box[], step: number, width: number, height: number}} FaceBoxes
 */

export class FaceBox {
  enabled = false;
  #video;
  #element = byId("face-box");
  /** @type {FaceBoxes | null} */
  #faces = null;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
    new ResizeObserver(() => this.show(video.currentTime)).observe(video);
  }

  /** Show or hide the boxes. Throws an Error where they cannot be loaded. */
  async toggle() {
    this.enabled = !this.enabled;
    if (this.enabled && !this.#faces) {
      const response = await fetch(this.#video.dataset.faces ?? "");
      if (!response.ok) {
        this.enabled = false;
        throw new Error(`The server answered ${response.status}`);
      }
      const { boxes, step_s: step, width, height } = await response.json();
      this.#faces = { boxes: boxes.map(boxOf), step, width, height };
    }
    this.show(this.#video.currentTime);
  }

  /** @param {number} seconds */
  show(seconds) {
    const box = this.enabled && this.#faces ? boxAt(this.#faces, seconds) : null;
    this.#element.hidden = box === null;
    if (box && this.#faces) this.#place(box, this.#faces);
  }

  /**
   * Place the box over the picture, which is centred in the player and keeps its aspect ratio.
   * @param {Box} box
   * @param {FaceBoxes} faces
   */
  #place(box, faces) {
    const { clientWidth, clientHeight, videoWidth, videoHeight } = this.#video;
    if (!videoWidth) return;
    const scale = Math.min(clientWidth / videoWidth, clientHeight / videoHeight);
    const [scaleX, scaleY] = [(scale * videoWidth) / faces.width, (scale * videoHeight) / faces.height];
    const [x, y] = [(clientWidth - scale * videoWidth) / 2, (clientHeight - scale * videoHeight) / 2];
    Object.assign(this.#element.style, {
      left: `${x + box.left * scaleX}px`,
      top: `${y + box.top * scaleY}px`,
      width: `${box.width * scaleX}px`,
      height: `${box.height * scaleY}px`,
    });
  }
}

/**
 * @param {number[]} values as REST has them
 * @returns {Box}
 */
const boxOf = ([start, left, top, width, height]) => ({ start, left, top, width, height });

/**
 * The box of the sample that is at most half a sampling step away.
 * @param {FaceBoxes} faces
 * @param {number} seconds
 */
export const boxAt = ({ boxes, step }, seconds) => {
  const box = boxes[lastStarted(boxes, seconds + step / 2)];
  return box && seconds - box.start < step / 2 + 0.001 ? box : null;
};
