// The player: one moment, whichever of the two videos plays.

const SPEEDS = [1, 1.5, 2, 4];

export class Player {
  #waiting = null; // a video that has not loaded yet cannot be sought in: the moment asked for waits for it
  #asked = 0;
  #onMoment;
  #onSeek;

  // onMoment(seconds) for whatever is to be shown, onSeek(seconds) when somebody went elsewhere.
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
      if (this.#waiting !== null) video.currentTime = this.#waiting;
      this.#waiting = null;
    });
    video.addEventListener("seeking", () => {
      if (Math.abs(video.currentTime - this.#asked) < 0.05) return;
      this.#asked = video.currentTime;
      onSeek(video.currentTime);
    });
  }

  get moment() {
    return this.#waiting ?? this.video.currentTime;
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  // Go somewhere because somebody wants to.
  seek(seconds) {
    this.jump(seconds);
    this.#onSeek(seconds);
  }

  // Go somewhere without anybody having asked for it.
  jump(seconds) {
    this.#asked = seconds;
    if (this.video.readyState === 0) {
      this.#waiting = seconds;
      this.video.load();
    } else {
      this.video.currentTime = seconds;
    }
    this.#onMoment(seconds);
  }

  play() {
    this.video.play().catch(() => {}); // what cannot be played says so by the video's error
  }

  toggle() {
    if (this.playing) this.video.pause();
    else this.play();
  }

  pause() {
    this.video.pause();
    this.speed = 1;
  }

  // Play, or play faster if it plays already.
  faster() {
    if (this.playing) this.speed = SPEEDS.find((speed) => speed > this.speed) ?? this.speed;
    else this.play();
  }

  get speed() {
    return this.video.playbackRate;
  }

  set speed(speed) {
    this.video.defaultPlaybackRate = speed; // outlasts a change of the video
    this.video.playbackRate = speed;
  }

  // Another file takes the place of this one, at the same moment, playing on if it played.
  load(url) {
    if (this.video.getAttribute("src") === url) return;
    const { moment, playing } = this;
    this.#waiting = moment || null;
    this.video.src = url;
    if (playing) this.play();
  }
}
