import assert from "node:assert/strict";
import test from "node:test";

import { RecordingBackup } from "../../webapp/static/emotrace/collection/recording-backup.js";
import { shownWithin } from "../../webapp/static/emotrace/collection/unsent.js";

const RECORDING = { page: "/collect/x/1/", shown: [], isComplete: false };

/** A browser's storage that notes what it is told, and fails as asked. */
const storage = (failing = false) => {
  const log = [];
  const note =
    (name) =>
    async (...values) => {
      await undefined;
      log.push([name, ...values]);
      if (failing) throw new Error("the disk is full");
    };
  return { log, save: note("save"), add: note("add"), remove: note("remove") };
};

test("what was shown after the last part that was kept does not count", () => {
  const shown = [
    { stimulus: "a", start_s: 1, end_s: 3 },
    { stimulus: "b", start_s: 4, end_s: 6.5 },
  ];
  assert.deepEqual(shownWithin(shown, 6), [shown[0]]);
  assert.deepEqual(shownWithin(shown, 6.5), shown);
  assert.deepEqual(shownWithin(shown, 0), []);
});

test("changes add up, and everything is written before it is forgotten", async () => {
  const unsent = storage();
  const backup = new RecordingBackup(unsent, RECORDING);
  backup.add("first", 1);
  backup.save({ shown: ["a"] });
  backup.save({ isComplete: true });
  await backup.remove();
  assert.deepEqual(unsent.log, [
    ["add", { page: RECORDING.page, part: "first", seconds: 1 }],
    ["save", { ...RECORDING, shown: ["a"] }],
    ["save", { ...RECORDING, shown: ["a"], isComplete: true }],
    ["remove", RECORDING.page],
  ]);
});

test("a browser that keeps nothing stops nobody", async () => {
  for (const unsent of [storage(true), null]) {
    const backup = new RecordingBackup(unsent, RECORDING);
    backup.add("first", 1);
    backup.save();
    await backup.remove();
  }
});
