// "Record yourself" on the upload page: a recording of camera and microphone becomes a chosen file.
import { byId, query } from "../dom.js";
import { Camera, cameraProblem } from "../recorder/camera.js";
import { elapsed } from "../recorder/format.js";
import { Recorder } from "../recorder/recorder.js";

/**
 * @typedef {"closed" | "ready" | "recording" | "recorded"} State
 * @typedef {"open" | "start" | "stop" | "use" | "discard" | "close"} Action
 */

const CLOCK_MS = 250;
/** @type {Record<State, Action[]>} */
const ACTIONS = {
  closed: ["open"],
  ready: ["start", "close"],
  recording: ["stop"],
  recorded: ["use", "discard"],
};

const section = byId("record-yourself", HTMLDetailsElement);
const preview = query(section, "[data-recorder=preview]", HTMLVideoElement);
const playback = query(section, "[data-recorder=playback]", HTMLVideoElement);
const meter = query(section, "meter", HTMLMeterElement);
/** @type {Camera | null} */
let camera = null;
/** @type {Recorder | null} */
let recorder = null;
/** @type {File | null} */
let recorded = null;
let clock = 0;

/** @param {string} message */
const say = (message) => {
  query(section, "[data-recorder=message]").textContent = message;
};

/** @param {Action} action */
const button = (action) => query(section, `[data-action="${action}"]`, HTMLButtonElement);

/**
 * @param {State} state
 * @param {string} [message]
 */
const show = (state, message = "") => {
  for (const action of /** @type {Action[]} */ (Object.values(ACTIONS).flat())) {
    button(action).hidden = !ACTIONS[state].includes(action);
  }
  query(section, "[data-recorder=camera]").hidden = !["ready", "recording"].includes(state);
  playback.hidden = state !== "recorded";
  query(section, "[data-recorder=time]").hidden = state !== "recording";
  query(section, "[data-recorder=problem]").textContent = "";
  say(message);
};

const close = () => {
  clearInterval(clock);
  camera?.close();
  camera = recorder = null;
};

/** @param {string} problem */
const fail = (problem) => {
  close();
  show("closed");
  query(section, "[data-recorder=problem]").textContent = problem;
};

const open = async () => {
  button("open").disabled = true; // a second click would open a camera that nothing closes
  try {
    camera = await Camera.open();
    await camera.show(preview, meter);
  } catch (error) {
    fail(cameraProblem(error));
    return;
  } finally {
    button("open").disabled = false;
  }
  camera.onLost(stop);
  show("ready", "Look at the camera and speak: the picture and the bar move.");
  button("start").focus();
};

const start = async () => {
  if (!camera || button("start").disabled) return;
  const opened = camera;
  button("start").disabled = button("close").disabled = true; // a second click would start a second recorder
  try {
    const starting = new Recorder(opened.stream);
    await starting.start();
    if (camera !== opened) return; // it was taken away meanwhile
    recorder = starting;
  } catch (error) {
    fail(error instanceof Error ? error.message : "");
    return;
  } finally {
    button("start").disabled = button("close").disabled = false;
  }
  const time = query(section, "[data-recorder=time]");
  clock = setInterval(() => {
    time.textContent = elapsed(recorder?.seconds ?? 0);
  }, CLOCK_MS);
  show("recording", "Recording.");
  button("stop").focus();
};

const stop = async () => {
  const [running, opened] = [recorder, camera];
  if (!running) {
    if (opened) fail("The camera or the microphone was taken away.");
    return;
  }
  recorder = camera = null;
  const { file } = await running.stop();
  opened?.close();
  close();
  recorded = file;
  playback.src = URL.createObjectURL(file);
  show("recorded", "Look at it. Nothing is sent before you choose it.");
  button("use").focus();
};

const forget = () => {
  const url = playback.src;
  playback.removeAttribute("src");
  playback.load();
  URL.revokeObjectURL(url);
  recorded = null;
};

// As if the file had been chosen.
const use = () => {
  if (!recorded) return;
  const files = new DataTransfer();
  files.items.add(recorded);
  const input = byId("id_video", HTMLInputElement);
  input.files = files.files;
  forget();
  show("closed", "It is in the list below.");
  input.dispatchEvent(new Event("change"));
  input.focus();
};

const discard = () => {
  if (!confirm("Discard this recording for good?")) return;
  forget();
  show("closed", "The recording is discarded.");
  button("open").focus();
};

/** @type {Record<Action, () => void>} */
const handlers = {
  open,
  start,
  stop,
  use,
  discard,
  close: () => {
    close();
    show("closed");
    button("open").focus();
  },
};
for (const [action, handler] of Object.entries(handlers)) {
  button(/** @type {Action} */ (action)).addEventListener("click", handler);
}
addEventListener("beforeunload", (event) => {
  if (recorder || recorded) event.preventDefault();
});
show("closed");
