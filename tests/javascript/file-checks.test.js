import assert from "node:assert/strict";
import test from "node:test";

import {
  FileChecks,
  isCompleteMp4,
  lengthProblem,
  stem,
  wavSeconds,
} from "../../webapp/static/emotrace/upload/file-checks.js";

const FORMATS = {
  video: { suffixes: [".mp4", ".mov"], begins: [".{4}ftyp"], head: 20, accept: "video/*,.mp4" },
  audio: { suffixes: [".wav"], begins: ["RIFF.{4}WAVE"], head: 20, accept: "audio/*,.wav" },
  eeg: { suffixes: [".mat"], begins: ["MATLAB"], head: 20, accept: ".mat" },
};
const checks = new FileChecks(FORMATS, { bytes: 1000, seconds: 60 });
const file = (name, ...parts) => new File(parts, name);

const box = (type, size = 8, declared = size) => {
  const view = new DataView(new ArrayBuffer(size));
  view.setUint32(0, declared);
  [...type].forEach((character, index) => view.setUint8(4 + index, character.charCodeAt(0)));
  return view.buffer;
};

test("files of one recording have the same stem", () => {
  const names = ["p01.mp4", "P01_Aud.wav", "p01_eeg.mat", "p01-video.MOV", "p01 sound.wav"];
  assert.deepEqual([...new Set(names.map(stem))], ["p01"]);
  assert.equal(stem("Zoë.mp4"), stem("Zoë.mp4"));
});

test("the kind comes from the name, or from the first bytes", async () => {
  assert.equal(await checks.kindOf(file("a.MP4", "x")), "video");
  assert.equal(await checks.kindOf(file("recording", "RIFF....WAVE")), "audio");
  assert.equal(await checks.kindOf(file("notes.txt", "text")), null);
  assert.equal(checks.accept, "video/*,.mp4,audio/*,.wav,.mat");
});

test("empty and oversized files are refused by name", async () => {
  assert.match((await checks.check("eeg", file("a.mat"))).problem, /^a\.mat is empty/);
  assert.match((await checks.check("eeg", file("a.mat", "x".repeat(1001)))).problem, /the limit is 0\.0 MB/);
  assert.match((await checks.check("eeg", file("a.mat", "zip"))).problem, /is not a MAT file/);
  assert.equal((await checks.check("eeg", file("a.mat", "MATLAB 5.0"))).problem, "");
});

test("an MP4 is complete with all its boxes", async () => {
  assert.equal(await isCompleteMp4(file("a.mp4", box("ftyp"), box("moov"), box("mdat", 16))), true);
  assert.equal(await isCompleteMp4(file("a.mp4", box("ftyp"), box("mdat", 16))), false);
  assert.equal(await isCompleteMp4(file("a.mp4", box("ftyp"), box("moov"), box("mdat", 16, 400))), false);
  assert.equal(await isCompleteMp4(file("a.mp4", box("ftyp"), box("moov"), "trailing bytes")), true);
});

test("the length of a WAV comes from its header", async () => {
  const header = new DataView(new ArrayBuffer(44));
  const write = (at, text) =>
    [...text].forEach((character, index) => header.setUint8(at + index, character.charCodeAt(0)));
  write(0, "RIFF");
  write(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint32(28, 100, true);
  write(36, "data");
  header.setUint32(40, 250, true);
  const samples = new Uint8Array(250);
  assert.equal(await wavSeconds(file("a.wav", header.buffer, samples), true), 2.5);
  header.setUint32(40, 0, true);
  assert.equal(await wavSeconds(file("a.wav", header.buffer, samples), true), null);
});

test("sound and video may differ by half a second", () => {
  assert.equal(lengthProblem(10.4, 10), "");
  assert.equal(lengthProblem(null, 10), "");
  assert.match(lengthProblem(11, 10), /11\.0 s and the video 10\.0 s/);
});
