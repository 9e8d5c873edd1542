// The player: one moment, whichever of the two videos plays.

const SPEEDS = [1, 1.5, 2, 4];

export class Player {
  /** @type {number | null} where to start once the video has loaded */
  #pending = null;
  #requested = 0;
  #onMoment;
  #onSeek;

  /**
   * @param {HTMLVideoElement} video
   * @param {{onMoment: (seconds: number) => void, onSeek: (seconds: number) => void}} callbacks
   *   `onMoment` for every moment that is shown, `onSeek` when the user goes elsewhere
   */
  constructor(video, { onMoment, onSeek }) {
    this.video = video;
    this.#onMoment = onMoment;
    this.#onSeek = onSeek;
    const frame = () => {
      onMoment(this.moment);
      if (this.playing) requestAnimationFrame(frame);
    };
    video.addEventListener("play", frame);
    for (const name of ["timeupdate", "seeked", "pause"]) video.addEventListener(name, () => onMoment(this.moment));
    video.addEventListener("loadedmetadata", () => {
      if (this.#pending !== null) video.currentTime = this.#pending;
      this.#pending = null;
    });
    video.addEventListener("seeking", () => {
      if (Math.abs(video.currentTime - this.#requested) < 0.05) return;
      this.#requested = video.currentTime;
      onSeek(video.currentTime);
    });
  }

  get moment() {
    return this.#pending ?? this.video.currentTime;
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  /**
   * Go to a moment that the user asked for.
   * @param {number} seconds
   */
  seek(seconds) {
    this.jump(seconds);
    this.#onSeek(seconds);
  }

  /**
   * Go to a moment without telling `onSeek`.
   * @param {number} seconds
   */
  jump(seconds) {
    this.#requested = seconds;
    if (this.video.readyState === 0) {
      this.#pending = seconds;
      this.video.load();
    } else {
      this.video.currentTime = seconds;
    }
    this.#onMoment(seconds);
  }

  /** @param {number} seconds */
  skip(seconds) {
    this.seek(Math.min(this.video.duration || Infinity, Math.max(0, this.moment + seconds)));
  }

  play() {
    this.video.play().catch(() => {}); // the video's error event tells of a file that cannot be played
  }

  toggle() {
    if (this.playing) this.video.pause();
    else this.play();
  }

  pause() {
    this.video.pause();
    this.speed = 1;
  }

  /** Play, or play faster if it plays already. */
  faster() {
    if (this.playing) this.speed = SPEEDS.find((speed) => speed > this.speed) ?? this.speed;
    else this.play();
  }

  get speed() {
    return this.video.playbackRate;
  }

  set speed(speed) {
    this.video.defaultPlaybackRate = speed; // stays when another file is loaded
    this.video.playbackRate = speed;
  }

  /**
   * Replace the file: at the same moment, and playing if the other one played.
   * @param {string} url
   */
  load(url) {
    if (this.video.getAttribute("src") === url) return;
    const { moment, playing } = this;
    this.#pending = moment || null;
    this.video.src = url;
    if (playing) this.play();
  }

  /** The commands of the keyboard and the buttons that need only the player. */
  get commands() {
    return {
      toggle: () => this.toggle(),
      pause: () => this.pause(),
      faster: () => this.faster(),
      back1: () => this.skip(-1),
      forward1: () => this.skip(1),
      back5: () => this.skip(-5),
      forward5: () => this.skip(5),
      start: () => this.seek(0),
    };
  }
}
