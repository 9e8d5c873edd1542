import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { startSession } from "../../webapp/static/emotrace/session.js";
import { TusUpload } from "../../webapp/static/emotrace/upload/tus-upload.js";

/** What the page asked of the server, in order. */
let asked = [];
const created = { status: 201, ok: true, headers: new Headers({ Location: "/api/v1/uploads/7/" }) };

globalThis.location = { href: "http://localhost/recordings/new/" };
globalThis.XMLHttpRequest = class {
  upload = {};
  open = (method) => asked.push(method);
  setRequestHeader() {}
  send() {}
  abort() {}
};
startSession({ dataset: { uploads: "/api/v1/uploads/" }, elements: { namedItem: () => ({ value: "token" }) } });

/** A promise, and the function that keeps it. */
const awaited = () => {
  let keep;
  return [new Promise((resolve) => (keep = resolve)), (value) => keep(value)];
};

const upload = (file) => {
  const begun = new TusUpload({ name: "a.mp4", size: 4, modified: 0, onChange: () => {} });
  begun.attach(file);
  return begun;
};

beforeEach(() => {
  asked = [];
  globalThis.fetch = async (url, { method }) => {
    asked.push(method);
    return created;
  };
});

test("nothing is sent of a file that was removed while it was read", async () => {
  const [read, finishReading] = awaited();
  const [begun, begin] = awaited();
  const bytes = () => (begin(), read);
  const file = { slice: () => ({ slice: () => ({ arrayBuffer: bytes }) }) };
  const removed = upload(file);
  const run = removed.run();
  await begun;
  await removed.remove();
  finishReading(new ArrayBuffer(1));
  await run;
  assert.deepEqual(asked, ["POST", "DELETE"]);
});

test("an upload that was removed while it was created is removed from the server too", async () => {
  const [answer, give] = awaited();
  const answered = globalThis.fetch;
  globalThis.fetch = async (url, options) => {
    const response = await answered(url, options);
    return options.method === "POST" ? answer : response;
  };
  const removed = upload({});
  const run = removed.run();
  const removal = removed.remove();
  give(created);
  await Promise.all([run, removal]);
  assert.deepEqual(asked, ["POST", "DELETE"]);
});

test("where uploads are closed, it says so instead of trying again", async () => {
  const problem = {
    status: 410,
    ok: false,
    json: async () => ({ code: "collection_closed", detail: "It has ended." }),
  };
  globalThis.fetch = async () => problem;
  const late = upload({ slice: () => {} });
  await late.run();
  assert.deepEqual([late.state, late.problem], ["refused", "It has ended."]);
});
