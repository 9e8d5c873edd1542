// The page of a participant: camera check, stimuli while the camera records, sending.
import { byId, query, readJson } from "../dom.js";
import { Camera, cameraProblem } from "../recorder/camera.js";
import { Recorder } from "../recorder/recorder.js";
import { startSession } from "../session.js";
import { deliver } from "./delivery.js";
import { present } from "./presentation.js";
import { Stage } from "./stage.js";

/** @typedef {"camera" | "stimuli" | "sending" | "done" | "failed"} Step */

const form = byId("collection", HTMLFormElement);
const content = byId("content");
/** @type {Camera | null} */
let camera = null;
let isLeaving = true; // whether closing the page loses nothing

/** @param {Step} step */
const section = (step) => query(content, `[data-step=${step}]`);

/** @param {string} action */
const button = (action) => query(content, `[data-action=${action}]`, HTMLButtonElement);

/** @param {Step} step */
const show = (step) => {
  for (const each of content.querySelectorAll("[data-step]")) {
    /** @type {HTMLElement} */ (each).hidden = each !== section(step);
  }
  /** @type {HTMLElement} */ (section(step).querySelector("[tabindex]") ?? section(step)).focus();
};

/** @param {string} problem */
const fail = (problem) => {
  camera?.close();
  camera = null;
  isLeaving = true;
  query(content, "[data-part=problem]").textContent = problem;
  show("failed");
};

/** @param {unknown} error */
const failWith = (error) => fail(error instanceof Error ? error.message : String(error));

const open = async () => {
  try {
    camera = await Camera.open();
    await camera.show(
      query(content, "[data-recorder=preview]", HTMLVideoElement),
      query(content, "meter", HTMLMeterElement),
    );
  } catch (error) {
    fail(cameraProblem(error));
    return;
  }
  query(content, "[data-recorder=camera]").hidden = false;
  button("open").hidden = true;
  button("begin").hidden = false;
  button("begin").focus();
};

/** @param {Camera} opened */
const record = async (opened) => {
  const lost = new Promise((_, reject) => {
    opened.onLost(() => reject(new Error("The camera or the microphone was taken away. Nothing was sent.")));
  });
  const recorder = new Recorder(opened.stream);
  await recorder.start();
  const shown = present(readJson("stimuli"), new Stage(section("stimuli")), () => recorder.seconds);
  await Promise.race([shown, lost]);
  const recorded = await recorder.stop();
  opened.close();
  camera = null;
  return { recorded, shown: await shown };
};

const begin = async () => {
  if (!camera) return;
  isLeaving = false;
  show("stimuli");
  try {
    const { recorded, shown } = await record(camera);
    show("sending");
    const bar = query(content, "progress", HTMLProgressElement);
    await deliver(form.dataset.recording ?? "", recorded, shown, ({ percent, message }) => {
      bar.value = percent;
      query(content, "[data-part=message]").textContent = message;
    });
  } catch (error) {
    failWith(error);
    return;
  }
  isLeaving = true;
  show("done");
};

button("open").addEventListener("click", open);
button("begin").addEventListener("click", begin);
addEventListener("beforeunload", (event) => {
  if (!isLeaving) event.preventDefault();
});
startSession(form);
button("open").disabled = false; // a click before this would do nothing
