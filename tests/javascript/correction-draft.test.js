import assert from "node:assert/strict";
import test from "node:test";

import { CorrectionDraft } from "../../webapp/static/emotrace/timeline/correction-draft.js";

const draft = () =>
  new CorrectionDraft([
    { start: 0, end: 4, label: 0, note: "calm" },
    { start: 4, end: 10, label: 1, note: "laughs" },
  ]);
const boundaries = ({ segments }) => segments.map(({ start, end }) => [start, end]);

test("a segment is split, and the second part has no note", () => {
  const edited = draft();
  assert.equal(edited.split(0, 1.2345), true);
  assert.deepEqual(edited.segments.slice(0, 2), [
    { start: 0, end: 1.235, label: 0, note: "calm" },
    { start: 1.235, end: 4, label: 0, note: "" },
  ]);
});

test("a segment is not split near its boundaries", () => {
  const edited = draft();
  assert.equal(edited.split(0, 0.05), false);
  assert.equal(edited.split(0, 3.95), false);
  assert.equal(edited.canUndo, false);
});

test("merging keeps the label of the segment and both notes", () => {
  const edited = draft();
  edited.merge(1, 0);
  assert.deepEqual(edited.segments, [{ start: 0, end: 10, label: 1, note: "calm; laughs" }]);
  assert.equal(edited.merge(0, 1), false);
});

test("a boundary stays between its neighbours", () => {
  const edited = draft();
  edited.moveBoundary(1, -5);
  assert.deepEqual(boundaries(edited), [
    [0, 0.1],
    [0.1, 10],
  ]);
  assert.equal(edited.moveBoundary(0, 1), false);
  assert.equal(edited.moveBoundary(1, Number.NaN), false);
});

test("a drag is one step to undo", () => {
  const edited = draft();
  edited.moveBoundary(1, 5);
  edited.moveBoundary(1, 6, true);
  edited.moveBoundary(1, 7, true);
  assert.equal(edited.undo(), true);
  assert.deepEqual(boundaries(edited), [
    [0, 4],
    [4, 10],
  ]);
  assert.equal(edited.undo(), false);
  assert.equal(edited.redo(), true);
  assert.deepEqual(boundaries(edited)[0], [0, 7]);
});

test("an edit after an undo discards what could be redone", () => {
  const edited = draft();
  edited.setLabel(0, 2);
  edited.undo();
  edited.setNote(0, "new");
  assert.equal(edited.canRedo, false);
  assert.equal(edited.setNote(0, "new"), false);
});
