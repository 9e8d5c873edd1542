import assert from "node:assert/strict";
import test from "node:test";

import {
  capitalize,
  clock,
  dimensions,
  evidence,
  shortClock,
  unimodalLabels,
} from "../../webapp/static/emotrace/timeline/format.js";

test("moments are written as clock times with tenths", () => {
  assert.deepEqual([0, 3.6, 59.96, 760, 3723.04].map(clock), ["0:00.0", "0:03.6", "1:00.0", "12:40.0", "1:02:03.0"]);
  assert.deepEqual([0, 2.5, 60].map(shortClock), ["0:00", "0:02.5", "1:00"]);
});

test("evidence names EEG only beside EEG", () => {
  const segment = { confidence: 70, face: 69, voice: 71, eeg: 0 };
  assert.equal(evidence(segment, false), "face seen 69 %, voice heard 71 %");
  assert.equal(evidence(segment, true), "face seen 69 %, voice heard 71 %, no EEG");
  assert.equal(
    evidence({ ...segment, confidence: 0, reason: "Neither face nor voice" }, true),
    "Neither face nor voice",
  );
});

test("valence and arousal are listed with their probability", () => {
  const found = [
    { name: "valence", level: "negative", probability: 83 },
    { name: "arousal", level: "high", probability: 71 },
  ];
  assert.equal(dimensions({ dimensions: found }), "negative valence 83 %, high arousal 71 %");
  assert.equal(dimensions({ dimensions: [] }), "");
});

test("labels of single modalities are listed", () => {
  const unimodal = [
    { modality: "face", label: "sad", probability: 61 },
    { modality: "voice", label: "happy", probability: 80 },
  ];
  assert.equal(unimodalLabels({ unimodal }), "face: sad 61 %, voice: happy 80 %");
  assert.equal(capitalize("happy"), "Happy");
});
