import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { DraftStorage } from "../../webapp/static/emotrace/timeline/draft-storage.js";
import { UploadStorage } from "../../webapp/static/emotrace/upload/upload-storage.js";

const items = new Map();
globalThis.localStorage = {
  getItem: (key) => items.get(key) ?? null,
  setItem: (key, value) => items.set(key, value),
  removeItem: (key) => items.delete(key),
};
beforeEach(() => items.clear());

const recording = (key, expires) => ({ key, stem: key, files: [{ kind: "video", address: "/u/1/", expires }] });
const LATER = new Date(Date.now() + 60_000).toISOString();
const EARLIER = new Date(Date.now() - 60_000).toISOString();

test("only uploads that the server still has are restored", () => {
  const storage = new UploadStorage("7");
  storage.save(recording("old", EARLIER));
  storage.save(recording("new", LATER));
  assert.deepEqual(
    storage.loadUnexpired().map(({ key }) => key),
    ["new"],
  );
  storage.remove("new");
  assert.equal(items.size, 0);
});

test("users do not see each other's uploads", () => {
  new UploadStorage("7").save(recording("new", LATER));
  assert.deepEqual(new UploadStorage("8").loadUnexpired(), []);
});

test("a draft is stored with its revision until it is cleared", () => {
  const storage = new DraftStorage("analysis");
  assert.equal(storage.load(), null);
  storage.save(3, [{ start_s: 0, end_s: 1, label: "sad", note: "" }]);
  assert.equal(storage.load()?.revision, 3);
  storage.clear();
  assert.equal(storage.load(), null);
});

test("a damaged or forbidden storage counts as empty", () => {
  items.set("emotrace-corrections-analysis", "{");
  assert.equal(new DraftStorage("analysis").load(), null);
});
