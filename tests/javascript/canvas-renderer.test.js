import assert from "node:assert/strict";
import test from "node:test";

import { longestPerPixel } from "../../webapp/static/emotrace/timeline/canvas-renderer.js";

test("a pixel shows the value that lasts longest in it", () => {
  const runs = [
    { start: 0, end: 0.4, value: 1 },
    { start: 0.4, end: 1, value: 2 },
    { start: 1, end: 2, value: 2 },
    { start: 3, end: 4, value: 1 },
  ];
  assert.deepEqual(longestPerPixel(runs, { from: 0, to: 4, width: 4 }), [
    { start: 0, end: 2, value: 2 },
    { start: 3, end: 4, value: 1 },
  ]);
});

test("parts of a value in one pixel are added up", () => {
  const runs = [
    { start: 0, end: 0.3, value: 1 },
    { start: 0.3, end: 0.7, value: 2 },
    { start: 0.7, end: 1, value: 1 },
  ];
  assert.deepEqual(longestPerPixel(runs, { from: 0, to: 1, width: 1 }), [{ start: 0, end: 1, value: 1 }]);
});
