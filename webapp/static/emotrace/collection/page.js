// The page of a participant: camera check, stimuli while the camera records, sending, also after a reload.
import { byId, query, readJson } from "../dom.js";
import { localTime } from "../local-time.js";
import { Camera, cameraProblem } from "../recorder/camera.js";
import { Recorder } from "../recorder/recorder.js";
import { startSession } from "../session.js";
import { deliver } from "./delivery.js";
import { RecordingBackup } from "./recording-backup.js";
import { present } from "./presentation.js";
import { Stage } from "./stage.js";
import { UnsentRecordings, shownWithin } from "./unsent.js";

/**
 * @typedef {import("./delivery.js").Delivery} Delivery
 * @typedef {"camera" | "unsent" | "stimuli" | "sending" | "done" | "failed"} Step
 */

const OTHER_TAB_MS = 1000; // after which a page that waits says so; a reload takes less

const form = byId("collection", HTMLFormElement);
const content = byId("content");
const { pathname: page } = location;
const stimuli = readJson("stimuli");
/** @type {UnsentRecordings | null} */
let unsent = null;
/** @type {Camera | null} */
let camera = null;
/** @type {Stage | null} */
let stage = null;
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
  stage?.close();
  camera = stage = null;
  isLeaving = true;
  query(content, "[data-part=problem]").textContent = problem;
  show("failed");
};

/** @param {unknown} error */
const failWith = (error) => fail(error instanceof Error ? error.message : String(error));

const open = async () => {
  button("open").disabled = true; // a second click would open a camera that nothing closes
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
  lost.catch(() => {}); // also where it happens before anything waits for it
  await unsent?.remove(page).catch(() => {}); // parts of an attempt that ended before it was saved
  const recorder = new Recorder(opened.stream, (part) => backup.add(part, recorder.seconds));
  const backup = new RecordingBackup(unsent, {
    page,
    participant: form.dataset.participant ?? "",
    at: Date.now(),
    name: recorder.name,
    type: "",
    shown: [],
    isComplete: false,
    droppedFrames: null,
    upload: null,
  });
  await Promise.race([recorder.start(), lost]);
  backup.save({ type: recorder.type });
  stage = new Stage(section("stimuli"));
  const presented = present(
    stimuli,
    stage,
    () => recorder.seconds,
    (shown) => backup.save({ shown }),
  );
  await Promise.race([presented, lost]);
  const { file, droppedFrames } = await recorder.stop();
  backup.save({ isComplete: true, droppedFrames });
  opened.close();
  camera = null;
  return { backup, delivery: { file, droppedFrames, shown: await presented, upload: null } };
};

/**
 * @param {RecordingBackup} backup
 * @param {Delivery} delivery
 */
const send = async (backup, delivery) => {
  isLeaving = false;
  show("sending");
  const bar = query(content, "progress", HTMLProgressElement);
  await deliver(
    form.dataset.recording ?? "",
    delivery,
    ({ percent, message }) => {
      bar.value = percent;
      query(content, "[data-part=message]").textContent = message;
    },
    (upload) => backup.save({ upload }),
  );
  await backup.remove();
  isLeaving = true;
  show("done");
};

const begin = async () => {
  if (!camera) return;
  isLeaving = false;
  show("stimuli");
  try {
    const { backup, delivery } = await record(camera);
    await send(backup, delivery);
  } catch (error) {
    failWith(error);
  }
};

/** Offer to send what an earlier visit recorded. Whether there is any with something shown in it. */
const offerUnsent = async () => {
  const recording = await unsent?.find(page);
  if (!unsent || !recording) return false;
  const backup = new RecordingBackup(unsent, recording);
  const { file, seconds } = await unsent.file(recording);
  const shown = recording.isComplete ? recording.shown : shownWithin(recording.shown, seconds);
  if (!shown.length) {
    await backup.remove();
    return false;
  }
  query(content, "[data-part=began]").textContent = localTime(recording.at);
  query(content, "[data-part=shown]").textContent = recording.isComplete
    ? "It is complete."
    : `It was interrupted: ${shown.length} of ${stimuli.length} items were shown until then.`;
  const { droppedFrames, upload } = recording;
  button("send").addEventListener("click", () => send(backup, { file, shown, droppedFrames, upload }).catch(failWith));
  button("discard").addEventListener("click", async () => {
    if (!confirm("Discard this recording for good?")) return;
    await backup.remove();
    show("camera");
    button("open").focus();
  });
  show("unsent");
  return true;
};

/** Only one tab may record or send; another one waits until this one is closed. */
const wait = () =>
  new Promise((resolve) => {
    const elsewhere = query(content, "[data-part=elsewhere]");
    const timer = setTimeout(() => (elsewhere.hidden = false), OTHER_TAB_MS);
    navigator.locks.request(page, () => {
      clearTimeout(timer);
      elsewhere.hidden = true;
      resolve(undefined);
      return new Promise(() => {}); // as long as the page
    });
  });

button("open").addEventListener("click", open);
button("begin").addEventListener("click", begin);
addEventListener("beforeunload", (event) => {
  if (!isLeaving) event.preventDefault();
});
startSession(form);
if (navigator.locks) await wait(); // without https, there is no camera either
unsent = await UnsentRecordings.open().catch(() => null);
await offerUnsent().catch(() => false);
button("open").disabled = false; // a click before this would do nothing
