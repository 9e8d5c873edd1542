// The place of the page where stimuli are seen: a video, or for the length of the stimulus its picture or its name.
import { query } from "../dom.js";

/**
 * @typedef {import("./presentation.js").Stimulus} Stimulus
 */

const PAUSE_MS = 1000;
const FIXATION = "+";

/** @param {number} ms */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Resolves at an event of a video; rejects where it cannot be played.
 * @param {HTMLVideoElement} video
 * @param {string} name
 */
const event = (video, name) =>
  new Promise((resolve, reject) => {
    const settle = { once: true };
    video.addEventListener(name, resolve, settle);
    const fail = () => reject(new Error("A video of this study cannot be played. Tell whoever sent you the link."));
    video.addEventListener("error", fail, settle);
  });

export class Stage {
  #text;
  #video;
  #picture;
  #isClosed = false;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#text = query(element, "[data-stage=text]");
    this.#video = query(element, "[data-stage=video]", HTMLVideoElement);
    this.#picture = query(element, "[data-stage=picture]", HTMLImageElement);
  }

  /** @param {Stimulus} stimulus */
  async prepare({ medium, file }) {
    if (medium === "picture") {
      this.#picture.src = file ?? "";
      await this.#picture.decode().catch(() => {
        throw new Error("A picture of this study cannot be loaded. Check your connection and try again.");
      });
    }
    if (medium === "video") {
      const ready = event(this.#video, "canplaythrough");
      this.#video.preload = "auto";
      this.#video.src = file ?? "";
      await ready;
    }
  }

  /** Nothing is shown or heard any more: what is played or waited for never ends. */
  close() {
    this.#isClosed = true;
    this.#video.pause();
  }

  async pause() {
    this.#video.hidden = this.#picture.hidden = true;
    this.#text.textContent = FIXATION;
    await this.#wait(PAUSE_MS);
  }

  /** @param {number} ms */
  async #wait(ms) {
    await wait(ms);
    if (this.#isClosed) await new Promise(() => {});
  }

  /**
   * @param {Stimulus} stimulus
   * @param {(ago: number) => void} onStart
   */
  async play({ name, length_s: length, medium }, onStart) {
    this.#text.textContent = medium === "none" ? name : "";
    this.#video.hidden = medium !== "video";
    this.#picture.hidden = medium !== "picture";
    if (medium !== "video") {
      await new Promise(requestAnimationFrame); // its length counts from when it is seen
      onStart(0);
      await this.#wait(length * 1000);
      return;
    }
    const ended = event(this.#video, "ended");
    // The first picture that is seen, and how far into the video it is; not every browser tells.
    if ("requestVideoFrameCallback" in this.#video) {
      this.#video.requestVideoFrameCallback((_, { mediaTime }) => onStart(mediaTime));
    } else
      event(this.#video, "playing").then(
        () => onStart(this.#video.currentTime),
        () => {},
      );
    await this.#video.play();
    await ended;
  }
}
