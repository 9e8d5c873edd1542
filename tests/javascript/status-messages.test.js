import assert from "node:assert/strict";
import test from "node:test";

import { describe as describeEeg } from "../../webapp/static/emotrace/upload/eeg-fields.js";
import { statusMessage } from "../../webapp/static/emotrace/upload/status-messages.js";

const progress = { sent: 5e6, size: 20e6, speed: 0, missing: [], submitted: false, consented: true };

test("sending shows the percentage, the speed and the time left", () => {
  assert.equal(statusMessage("sending", progress), "25 % · 5.0 MB of 20.0 MB");
  const running = { ...progress, speed: 1e6 };
  assert.equal(statusMessage("sending", running), "25 % · 5.0 MB of 20.0 MB · 1.0 MB/s · 15 s left");
});

test("a recording waits for the agreement first", () => {
  assert.match(statusMessage("waiting", { ...progress, consented: false }), /your agreement/);
  assert.match(statusMessage("waiting", progress), /its turn/);
});

test("files to choose again are named", () => {
  assert.match(
    statusMessage("missing", { ...progress, missing: ["a.wav", "a.mp4"] }),
    /Choose a\.wav and a\.mp4 again/,
  );
});

test("an EEG file is described by its trials and channels", () => {
  const summary = { sfreq: 500, unit: null, shape: [30, 10000], channel_order: "assumed", trials: 2, channels: null };
  assert.equal(
    describeEeg(summary),
    "The file holds 2 trials (30 × 10000). It names no channels: the order of EAV is assumed.",
  );
  const named = { ...summary, trials: null, channels: ["Fp1", "Fp2", "F7", "F3"] };
  assert.equal(describeEeg(named), "The file holds 30 × 10000 values, Fp1, Fp2, F7 ….");
});
