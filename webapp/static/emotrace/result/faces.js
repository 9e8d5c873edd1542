// The box around the face that was read, over the picture, at the moments at which one was looked for.
import { lastBegun } from "./reading.js";

export class Faces {
  on = false;
  #video;
  #box = document.getElementById("face-box");
  #found = null; // as the server has them

  constructor(video) {
    this.#video = video;
    new ResizeObserver(() => this.show(video.currentTime)).observe(video);
  }

  async switch() {
    this.on = !this.on;
    if (this.on && !this.#found) {
      const answer = await fetch(this.#video.dataset.faces);
      if (!answer.ok) {
        this.on = false;
        throw new Error(`The server answered ${answer.status}`);
      }
      this.#found = await answer.json();
    }
    this.show(this.#video.currentTime);
  }

  // A face stands for the time half a step before and after it.
  show(seconds) {
    const face = this.on && this.#found ? this.#at(seconds) : null;
    this.#box.hidden = face === null;
    if (face) this.#place(face);
  }

  #at(seconds) {
    const { boxes, step_s: step } = this.#found;
    const face = boxes[lastBegun(boxes, seconds + step / 2)];
    return face && seconds - face[0] < step / 2 + 0.001 ? face : null;
  }

  // The picture keeps its shape within the player: what is left over is black, above and below or at the sides.
  #place([, left, top, width, height]) {
    const { clientWidth, clientHeight, videoWidth, videoHeight } = this.#video;
    if (!videoWidth) return;
    const scale = Math.min(clientWidth / videoWidth, clientHeight / videoHeight);
    const [across, down] = [(scale * videoWidth) / this.#found.width, (scale * videoHeight) / this.#found.height];
    const [x, y] = [(clientWidth - scale * videoWidth) / 2, (clientHeight - scale * videoHeight) / 2];
    Object.assign(this.#box.style, {
      left: `${x + left * across}px`, top: `${y + top * down}px`, width: `${width * across}px`, height: `${height * down}px`,
    });
  }
}
