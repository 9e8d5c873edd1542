import assert from "node:assert/strict";
import test from "node:test";

import { quotaProblem } from "../../webapp/static/emotrace/upload/upload-quota.js";

const upload = (size, more = {}) => ({ name: "a.mp4", size, file: null, state: "waiting", resumed: false, ...more });
const row = (video, seconds) => ({ files: { video }, uploads: [video], seconds: { video: seconds } });

test("without a limit everything fits", () => {
  const one = upload(1e12);
  assert.equal(quotaProblem(one, [row(one, 1e6)], { bytesLeft: "", secondsLeft: "" }), "");
});

test("all accepted files count together", () => {
  const [first, second] = [upload(6e6, { file: {} }), upload(6e6)];
  const rows = [row(first, 60), row(second, 60)];
  assert.match(quotaProblem(second, rows, { bytesLeft: "10000000" }), /have 12\.0 MB, and you have 10\.0 MB left/);
  assert.match(quotaProblem(second, rows, { secondsLeft: "90" }), /last 2\.0 minutes, and you have 1\.5 minutes left/);
});

test("refused and resumed files do not count", () => {
  const [refused, resumed, fresh] = [
    upload(9e6, { file: {}, state: "refused" }),
    upload(9e6, { file: {}, resumed: true }),
    upload(9e6),
  ];
  const rows = [row(refused, 0), row(resumed, 0), row(fresh, 0)];
  assert.equal(quotaProblem(fresh, rows, { bytesLeft: "10000000" }), "");
});
