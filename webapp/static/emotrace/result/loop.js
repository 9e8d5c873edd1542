// Repeats one segment. Whoever goes to another one takes the repetition along.

const EARLY_S = 0.03; // about a frame: the next segment's first picture is not shown

export class Loop {
  segment = null;
  #player;

  constructor(player) {
    this.#player = player;
    player.video.addEventListener("ended", () => {
      if (this.segment) this.#again();
    });
  }

  keep(seconds) {
    if (this.segment && this.#player.playing && seconds >= this.segment.end - EARLY_S) this.#again();
  }

  #again() {
    this.#player.jump(this.segment.start);
    this.#player.play();
  }
}
