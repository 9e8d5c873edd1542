// The camera and the microphone: their picture, the level of the sound, and what is wrong with them.
import { soundLevel } from "./sound-level.js";

const LEVEL_MS = 100;
const SAMPLES = 8192; // more than sound of LEVEL_MS
const RELEASE = 0.05; // by which the meter falls in LEVEL_MS, as eyes can follow
const CONSTRAINTS = {
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: "user" },
  // A voice is read as it sounds: nothing may be taken away from it.
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};
/** @type {Record<string, string>} by the name of the browser's error */
const PROBLEMS = {
  NotAllowedError: "This page may not use the camera and the microphone. Allow it beside the address, and try again.",
  NotFoundError: "There is no camera or no microphone. Connect both, and try again.",
  NotReadableError: "Another program uses the camera or the microphone. Close it, and try again.",
};

/**
 * What is wrong, and what to do.
 * @param {unknown} error of opening the camera
 */
export const cameraProblem = (error) =>
  PROBLEMS[error instanceof Error ? error.name : ""] ??
  "The camera and the microphone cannot be opened. Try another browser, or ask whoever runs this server.";

export class Camera {
  #context = new AudioContext();
  #timer = 0;

  /** @param {MediaStream} stream */
  constructor(stream) {
    this.stream = stream;
  }

  /** Throws what `cameraProblem` explains. Without https, a browser has no `mediaDevices`. */
  static async open() {
    return new Camera(await navigator.mediaDevices.getUserMedia(CONSTRAINTS));
  }

  /**
   * Show the picture, without its sound, and the level of the sound.
   * @param {HTMLVideoElement} picture
   * @param {HTMLMeterElement} meter from 0 to 1
   */
  async show(picture, meter) {
    const analyser = new AnalyserNode(this.#context, { fftSize: SAMPLES });
    this.#context.createMediaStreamSource(this.stream).connect(analyser);
    const samples = new Float32Array(SAMPLES);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      meter.value = Math.max(soundLevel(samples), meter.value - RELEASE);
    }, LEVEL_MS);
    picture.srcObject = this.stream;
    await picture.play();
  }

  /** @param {() => void} callback when the camera or the microphone is taken away, or was before */
  onLost(callback) {
    const tracks = this.stream.getTracks();
    for (const track of tracks) track.addEventListener("ended", callback);
    if (tracks.some(({ readyState }) => readyState === "ended")) callback();
  }

  close() {
    clearInterval(this.#timer);
    for (const track of this.stream.getTracks()) track.stop();
    this.#context.close();
  }
}
