import assert from "node:assert/strict";
import test from "node:test";

import { present } from "../../webapp/static/emotrace/collection/presentation.js";

const STIMULI = [
  { id: "a", name: "First", length_s: 4, medium: "none", file: null },
  { id: "b", name: "Second", length_s: 2, medium: "video", file: "/b/" },
];

/** A stage on which every step takes as long as it says, on a clock of its own. */
const stage = (late = 0, seen = 0) => {
  const log = [];
  let now = 0;
  return {
    log,
    clock: () => now,
    prepare: async ({ name }) => {
      log.push(`prepare ${name}`);
    },
    pause: async () => {
      log.push("pause");
      now += 1;
    },
    play: async ({ name, length_s: length }, onStart) => {
      log.push(`play ${name}`);
      now += late + seen;
      onStart(seen);
      now += length - seen;
    },
  };
};

test("stimuli are shown in their order, each after a pause, and one more ends the recording", async () => {
  const here = stage();
  await present(STIMULI, here, here.clock);
  assert.deepEqual(here.log, [
    "pause",
    "prepare First",
    "play First",
    "pause",
    "prepare Second",
    "play Second",
    "pause",
  ]);
});

test("times are those at which a stimulus was really there", async () => {
  const here = stage(0.25, 0.1);
  assert.deepEqual(await present(STIMULI, here, here.clock), [
    { stimulus: "a", start_s: 1.25, end_s: 5.25 },
    { stimulus: "b", start_s: 6.5, end_s: 8.5 },
  ]);
});

test("what was shown is told after each stimulus", async () => {
  const here = stage();
  const told = [];
  const shown = await present(STIMULI, here, here.clock, (sofar) => told.push(sofar));
  assert.deepEqual(told, [shown.slice(0, 1), shown]);
});

test("a stimulus that cannot be shown ends it", async () => {
  const here = { ...stage(), play: () => Promise.reject(new Error("no such video")) };
  await assert.rejects(present(STIMULI, here, here.clock), /no such video/);
});
