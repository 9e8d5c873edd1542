import assert from "node:assert/strict";
import test from "node:test";

import { TimelineModel, lastStarted } from "../../webapp/static/emotrace/timeline/timeline-model.js";

const tier = (name, kind, runs = { start_s: [], end_s: [], value: [] }) => ({ name, kind, top: 10, height: 20, runs });

const payload = () => ({
  duration_s: 10,
  height: 100,
  labels: ["neutral", "happy", "undetermined"],
  tick_steps_s: [1, 2, 5],
  tiers: [
    tier("Emotion", "segments"),
    tier("EEG alone", "labels", { start_s: [0], end_s: [4], value: [0] }),
    tier("Face seen", "shares", { start_s: [0], end_s: [10], value: [0.5] }),
  ],
  segments: {
    start_s: [0, 5],
    end_s: [5, 10],
    label: [1, 2],
    confidence: [75, 0],
    face: [100, 0],
    voice: [50, 0],
    eeg: [100, 0],
    unimodal: { voice: { label: [0, null], probability: [61, null] } },
    dimensions: { valence: { level: ["positive", "undetermined"], probability: [75, 0] } },
    reason: ["", "Neither face nor voice"],
    warning: ["", ""],
  },
  chart: [[25, 75], []],
  corrected_tier: { name: "Corrected", kind: "corrected", top: 30, height: 34, inserted_height: 60 },
  has_faces: true,
});

test("the last span that has started is found by bisection", () => {
  const spans = [{ start: 0 }, { start: 2 }, { start: 2.5 }];
  assert.deepEqual(
    [-1, 0, 1.9, 2, 2.4, 99].map((seconds) => lastStarted(spans, seconds)),
    [-1, 0, 0, 1, 1, 2],
  );
  assert.equal(lastStarted([], 1), -1);
});

test("columns become segments with names", () => {
  const model = new TimelineModel(payload());
  assert.deepEqual(model.segments[0], {
    number: 0,
    start: 0,
    end: 5,
    value: 1,
    label: "happy",
    confidence: 75,
    face: 100,
    voice: 50,
    eeg: 100,
    unimodal: [{ modality: "voice", label: "neutral", probability: 61 }],
    dimensions: [{ name: "valence", level: "positive", probability: 75 }],
    reason: "",
    warning: "",
  });
  assert.deepEqual(model.segments[1].unimodal, []);
  assert.deepEqual(model.segments[1].dimensions, []);
  assert.equal(model.withEeg, true);
});

test("a moment slightly before a boundary belongs to the segment after it", () => {
  const model = new TimelineModel(payload());
  assert.equal(model.numberAt(4.9996), 1);
  assert.equal(model.numberAt(4.99), 0);
  assert.equal(model.segmentAt(99).label, "undetermined");
});

test("probabilities come in descending order and are empty where nothing was analysed", () => {
  const model = new TimelineModel(payload());
  assert.deepEqual(model.probabilities(1, 1), [{ label: "happy", share: 75 }]);
  assert.deepEqual(model.probabilities(9, 3), []);
});

test("labels of tiers end where their runs end", () => {
  const model = new TimelineModel(payload());
  assert.deepEqual(model.tierLabels(3), [{ tier: "EEG alone", label: "neutral" }]);
  assert.deepEqual(model.tierLabels(5), []);
});

test("corrections are inserted as a tier below the first, once", () => {
  const model = new TimelineModel(payload());
  const draft = [{ start: 0, end: 10, label: 0, note: "" }];
  model.correct(draft);
  model.correct(draft);
  assert.deepEqual(
    model.tiers.map(({ name, top }) => [name, top]),
    [
      ["Emotion", 10],
      ["Corrected", 30],
      ["EEG alone", 70],
      ["Face seen", 70],
    ],
  );
  assert.equal(model.height, 160);
  assert.deepEqual(model.correctedLabels(model.segments[0]), ["neutral"]);
});

test("corrections with the segment's own label are not listed", () => {
  const model = new TimelineModel(payload());
  model.correct([
    { start: 0, end: 5, label: 1, note: "" },
    { start: 5, end: 10, label: 0, note: "" },
  ]);
  assert.deepEqual(model.correctedLabels(model.segments[0]), []);
  assert.deepEqual(model.correctedLabels(model.segments[1]), ["neutral"]);
});
