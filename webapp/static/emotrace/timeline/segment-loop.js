// Repeats one segment.

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {import("./timeline-model.js").Span} Span
 */

const EARLY_S = 0.03; // about one frame, so that the next segment is not shown

export class SegmentLoop {
  /** @type {Span | null} */
  segment = null;
  #player;

  /** @param {Player} player */
  constructor(player) {
    this.#player = player;
    player.video.addEventListener("ended", () => this.#restart());
  }

  /**
   * Restart at the end of the segment.
   * @param {number} seconds
   */
  check(seconds) {
    if (this.segment && this.#player.playing && seconds >= this.segment.end - EARLY_S) this.#restart();
  }

  #restart() {
    if (!this.segment) return;
    this.#player.jump(this.segment.start);
    this.#player.play();
  }
}
