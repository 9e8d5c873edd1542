// The label of this moment: under the player, and over the picture if that is wanted.
import { capital, chip, clock, evidence, percent, saidAlone } from "./words.js";

const KEY = "emotrace-overlay";

// Somebody may forbid the browser to keep anything.
const remembered = () => {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
};
const remember = (on) => {
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // It lasts as long as the page, then.
  }
};

export class Label {
  on = remembered();
  #overlay = document.getElementById("overlay");
  #read = false;

  switch(on) {
    this.on = on;
    remember(on);
  }

  // `burnedIn`: whether the video that plays has the label written in it already.
  cover(burnedIn) {
    this.#overlay.hidden = !this.#read || burnedIn || !this.on;
  }

  show(segment, withEeg) {
    this.#read = true;
    const sure = segment.confidence ? percent(segment.confidence) : "";
    this.#overlay.textContent = `${capital(segment.label)} ${sure}`.trim();
    this.#overlay.className = `overlay emotion-${segment.label}`;
    document.getElementById("now-label").replaceChildren(...chip(segment.label));
    document.getElementById("now-confidence").textContent = sure;
    document.getElementById("now-evidence").textContent = evidence(segment, withEeg);
    document.getElementById("now-alone").textContent = saidAlone(segment);
  }

  tell(seconds) {
    document.getElementById("now-time").textContent = clock(seconds);
  }
}
