import assert from "node:assert/strict";
import test from "node:test";

import { Camera, cameraProblem } from "../../webapp/static/emotrace/recorder/camera.js";
import { elapsed, fileName, recordingFormat } from "../../webapp/static/emotrace/recorder/format.js";
import { Recorder, droppedFrames } from "../../webapp/static/emotrace/recorder/recorder.js";
import { soundLevel } from "../../webapp/static/emotrace/recorder/sound-level.js";

test("WebM with VP8 is recorded where it can be, MP4 where nothing else can", () => {
  assert.deepEqual(
    recordingFormat(() => true),
    { type: "video/webm;codecs=vp8,opus", suffix: "webm" },
  );
  assert.equal(recordingFormat((type) => type === "video/mp4")?.suffix, "mp4");
  assert.equal(
    recordingFormat(() => false),
    null,
  );
});

test("a file is called by its local time, with two digits each", () => {
  assert.equal(fileName(new Date(2031, 0, 2, 3, 4, 5), "webm"), "recording 2031-01-02 03.04.05.webm");
});

test("time passes in minutes and seconds", () => {
  assert.deepEqual([0, 9.9, 60, 3661].map(elapsed), ["0:00", "0:09", "1:00", "61:01"]);
});

test("the level is 0 for silence, 1 for full scale and one third for -40 decibels", () => {
  assert.equal(soundLevel(new Float32Array(0)), 0);
  assert.equal(soundLevel(new Float32Array(8)), 0);
  assert.equal(soundLevel(new Float32Array(8).fill(1)), 1);
  assert.equal(soundLevel(new Float32Array(8).fill(1e-5)), 0);
  assert.ok(Math.abs(soundLevel(new Float32Array(8).fill(-0.01)) - 1 / 3) < 1e-6);
});

test("frames are dropped that were neither delivered nor left out", () => {
  const before = { totalFrames: 100, deliveredFrames: 90, discardedFrames: 4 };
  const after = { totalFrames: 200, deliveredFrames: 170, discardedFrames: 14 };
  assert.equal(droppedFrames(before, after), 10);
  assert.equal(droppedFrames(before, before), 0);
  assert.equal(droppedFrames(undefined, after), null);
});

test("what is wrong with the camera says what to do", () => {
  const problem = (name) => cameraProblem(Object.assign(new Error(), { name }));
  assert.match(problem("NotAllowedError"), /Allow it/);
  assert.match(problem("NotFoundError"), /Connect/);
  assert.match(problem("NotReadableError"), /Close it/);
  assert.match(cameraProblem(new TypeError()), /another browser/);
});

/** A browser's recorder: `start` is what its method does. */
const recorderWith = (start) => {
  globalThis.MediaRecorder = class {
    static isTypeSupported = () => true;
    start() {
      start(this);
    }
  };
  return new Recorder({ getVideoTracks: () => [{}] });
};

test("a recorder that ends before it runs, or cannot start, says what to do", async () => {
  const starts = [
    (recorder) => recorder.onstop(),
    (recorder) => recorder.onerror(),
    () => {
      throw new Error("NotSupportedError");
    },
  ];
  for (const start of starts) await assert.rejects(recorderWith(start).start(), /Connect both, and try again/);
  await recorderWith((recorder) => recorder.onstart()).start();
});

test("a camera that was taken away before anybody asked is lost as well", () => {
  globalThis.AudioContext = class {};
  const track = (readyState) => ({ readyState, addEventListener: () => {} });
  let lost = 0;
  new Camera({ getTracks: () => [track("live"), track("live")] }).onLost(() => lost++);
  assert.equal(lost, 0);
  new Camera({ getTracks: () => [track("live"), track("ended")] }).onLost(() => lost++);
  assert.equal(lost, 1);
});
