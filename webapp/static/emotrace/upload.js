// The upload page: files that are chosen or dropped become recordings, are sent in parts, and then analysed.
// Without this script the page is a plain form that sends one recording in one piece.
import { ACCEPT, kindOf, stem } from "./upload-checks.js";
import * as leftovers from "./upload-leftovers.js";
import * as memory from "./upload-memory.js";
import { shortage } from "./upload-room.js";
import { Row, isSame } from "./upload-row.js";
import * as session from "./upload-session.js";

const AT_ONCE = 2; // files on their way
const LONGEST_WAIT_S = 60; // for a server that is busy
const LOGIN_TRIED_EVERY_MS = 10_000;

const form = document.getElementById("upload");
const input = form.elements.video;
const list = document.getElementById("recordings");
const limits = { bytes: Number(form.dataset.maxBytes), seconds: Number(form.dataset.maxSeconds) };
const consent = form.elements.consent;
const purpose = form.elements.purpose;
const refusals = JSON.parse(document.getElementById("refusals").textContent); // by purpose: why it is not allowed here
const purposes = JSON.parse(document.getElementById("purposes").textContent); // by project
let rows = [];
let typed = {}; // into the plain form, by somebody quicker than this script: it goes to the first recording

const say = (news) => { document.getElementById("upload-news").textContent = news; };

const complain = (name, message) => {
  const place = form.querySelector(`[data-error-for="${name}"]`);
  place.textContent = message;
  const field = name === "model" ? null : form.elements[name] ?? input;
  field?.classList.toggle("is-invalid", Boolean(message));
  if (message) field?.setAttribute("aria-invalid", "true");
  else field?.removeAttribute("aria-invalid");
  return { place, field };
};

const blame = (name, message) => {
  const { place, field } = complain(name, message);
  place.scrollIntoView({ block: "center" });
  field?.focus({ preventScroll: true });
};

// Which models can read what was chosen.
const suit = () => {
  const reads = (choice) => rows.some((row) => !row.done && String(row.hasEeg) === choice.dataset.readsEeg);
  for (const choice of form.querySelectorAll("[data-reads-eeg]")) {
    choice.disabled = rows.length ? !reads(choice) : choice.dataset.readsEeg === "true";
    if (choice.disabled && choice.checked) form.querySelector("[name=model][value='']").checked = true;
  }
  const kinds = new Set(rows.map((row) => row.hasEeg));
  document.getElementById("mixed").hidden = kinds.size < 2;
};

const pump = () => {
  suit();
  if (consent.checked && !refusals[purpose.value]) {
    const transfers = rows.flatMap((row) => row.all);
    let free = AT_ONCE - transfers.filter((transfer) => transfer.running).length;
    for (const transfer of transfers) {
      if (free > 0 && transfer.startable) {
        free -= 1;
        transfer.run().finally(pump);
      }
    }
    for (const row of rows) if (row.wanted && row.state === "open" && row.all.length && row.complete) post(row);
  }
  for (const row of rows) row.draw();
};

const modelFor = (row) => {
  const choice = form.querySelector("[name=model]:checked");
  return !choice.value || String(row.hasEeg) === choice.dataset.readsEeg ? choice.value : "";
};

// Have a recording read whose files are all on the server.
const post = async (row) => {
  if (!row.allRight()) {
    row.wanted = false;
    row.focus();
    return;
  }
  row.state = "posting";
  row.draw();
  const body = new FormData();
  for (const [kind, transfer] of Object.entries(row.transfers)) body.append(`${kind}_upload`, transfer.id);
  const fieldsSent = ["title", ...(row.hasEeg ? ["eeg_trial", "eeg_sfreq", "eeg_unit"] : [])];
  for (const name of fieldsSent) if (row.field(name).value) body.append(name, row.field(name).value);
  if (modelFor(row)) body.append("model", modelFor(row));
  if (form.elements.project?.value) body.append("project", form.elements.project.value);
  for (const name of ["purpose", "purpose_note"]) if (form.elements[name].value) body.append(name, form.elements[name].value);
  body.append("consent", "true");
  try {
    // With the key, what was kept although its answer got lost is not kept twice.
    const answer = await session.call("POST", form.dataset.recordings, { body, headers: { "Idempotency-Key": row.key } });
    if (answer.status === 201) finish(row, await answer.json());
    else await refuse(row, answer);
  } catch (error) {
    row.state = error instanceof session.LoggedOut ? "logged-out" : "open";
    if (row.state === "open") setTimeout(pump, 3000);
  }
  row.draw();
};

const finish = (row, { id, analysis }) => {
  row.recording = id;
  row.state = "done";
  memory.forget(row.key);
  const result = form.dataset.result.replace("00000000-0000-0000-0000-000000000000", analysis.id);
  if (rows.length === 1) {
    location.assign(result);
    return;
  }
  const link = row.node.querySelector("[data-part=result]");
  link.href = result;
  link.hidden = false;
  say(`${row.name} is sent and will be analysed.`);
  leaveIfDone();
};

// To a list of what was made: its address can be shared and loaded again.
const leaveIfDone = () => {
  if (rows.length === 0 || !rows.every((each) => each.done)) return;
  location.assign(`${form.dataset.list}?recording=${rows.map((each) => each.recording).join(",")}`);
};

const refuse = async (row, answer) => {
  row.state = "open";
  if (answer.status === 429 || answer.status >= 500) {
    const { code, detail } = await session.problemOf(answer);
    if (code === "quota_analyses" || code === "storage_unavailable") row.complain("row", `${detail} This page tries again by itself.`);
    setTimeout(pump, 1000 * Math.min(LONGEST_WAIT_S, Number(answer.headers.get("Retry-After")) || 5));
    return;
  }
  row.wanted = false;
  const { detail, field, errors = {} } = await session.problemOf(answer);
  const lost = Object.keys(errors).find((name) => name.endsWith("_upload"));
  const concerned = lost ? "upload" : field ?? Object.keys(errors)[0];
  if (lost) sendAnew(row, lost.replace("_upload", ""));
  else if (row.transfers[concerned]) row.transfers[concerned].refuse(detail);
  else if (["model", "purpose", "purpose_note", "consent"].includes(concerned)) blame(concerned, (errors[concerned] ?? [detail])[0]);
  else if (concerned === "project") complain("project", (errors.project ?? [detail])[0]);
  else if (row.error(concerned)) row.complain(concerned, (errors[concerned] ?? [detail])[0]);
  else row.complain("row", detail);
  if (lost) row.wanted = true;
  else row.focus();
  pump();
};

const sendAnew = (row, kind) => {
  if (row.transfers[kind].file) row.transfers[kind].restart();
  else row.drop(kind);
};

const newRow = (facts) => {
  const row = new Row(facts, {
    limits,
    room: (transfer) => shortage(transfer, rows, form.dataset),
    say: (news) => { if (rows.includes(row)) say(news); },
    changed: (each) => { if (!each.done) memory.remember(each.memory()); },
    moved: (each, files) => {
      if (files) give(each, files);
      else pump();
    },
  });
  row.node.querySelector("[data-do=remove]").addEventListener("click", () => remove(row));
  return row;
};

const insert = (row) => {
  rows.push(row);
  list.append(row.node);
  list.hidden = false;
};

const remove = (row) => {
  const { name } = row;
  for (const kind of Object.keys(row.transfers)) row.drop(kind);
  memory.forget(row.key);
  rows = rows.filter((each) => each !== row);
  row.node.remove();
  list.hidden = rows.length === 0;
  say(`${name} is removed.`);
  input.focus();
  pump();
  leaveIfDone();
};

const resume = (row) => {
  insert(row);
  row.focus();
  pump();
};

const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// What files are, in their order; what nobody reads is named and left out.
const sorted = async (files) => {
  const chosen = await Promise.all([...files].map(async (file) => ({ file, kind: await kindOf(file).catch(() => null) })));
  const left = chosen.filter(({ kind }) => kind === null).map(({ file }) => file.name);
  complain("video", left.length ? `Left out, as no video, sound or MAT file: ${left.join(", ")}.` : "");
  return chosen.filter(({ kind }) => kind !== null);
};

const put = (row, kind, file) => {
  if (kind === "video") row.stem = stem(file.name);
  for (const name of ["row", ...(kind === "eeg" ? ["eeg_trial", "eeg_sfreq", "eeg_unit"] : [])]) row.complain(name, "");
  row.add(kind, file);
};

// Files that a person gives to one recording, whatever their names are.
const give = async (row, files) => {
  for (const { file, kind } of await sorted(files)) {
    if (row.misses(kind) && isSame(row.transfers[kind], file)) row.attach(kind, file);
    else put(row, kind, file);
  }
  pump();
};

// The recordings of one selection: files of one name belong together. Which of several videos of one name a sound
// belongs to is not guessed, nor which of several sounds a video has.
const take = async (files) => {
  const groups = Map.groupBy(await sorted(files), ({ file }) => stem(file.name));
  for (const [name, group] of groups) {
    const leftover = leftovers.taken(group.map(({ file }) => file));
    if (leftover) insert(leftover);
    const here = group.filter(({ file }) => !isThere(file));
    const kinds = here.map(({ kind }) => kind);
    const clear = new Set(kinds).size === kinds.length;
    for (const part of clear ? [here] : here.map((each) => [each])) {
      if (part.length === 0) continue;
      const row = newRow({ key: newKey(), stem: name, ...typed });
      insert(row);
      typed = {};
      for (const { file, kind } of part) put(row, kind, file);
      if (!clear && !row.transfers.video) row.unclear = kinds.includes("video");
    }
  }
  pump();
};

// Whether a file is chosen already; one that an earlier upload of it waits for goes on there.
const isThere = (file) => {
  const open = rows.filter((row) => !row.done && row.state !== "posting");
  for (const row of open) {
    for (const [kind, transfer] of Object.entries(row.transfers)) {
      if (!isSame(transfer, file) || transfer.state === "refused") continue;
      if (row.misses(kind)) row.attach(kind, file);
      return true;
    }
  }
  return false;
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  complain("consent", "");
  complain("model", "");
  const open = rows.filter((row) => !row.done);
  if (open.length === 0) {
    blame("video", "There is no video yet. Choose the file to analyse.");
    return;
  }
  const wrong = open.filter((row) => !row.allRight());
  complain("purpose_note", "");
  const refused = refusals[purpose.value];
  if (refused) blame("purpose", refused);
  else if (!consent.checked) blame("consent", form.dataset.noConsent);
  else wrong[0]?.focus();
  if (refused || !consent.checked) return;
  for (const row of open) row.wanted = !wrong.includes(row);
  pump();
});

const stop = () => {
  for (const transfer of rows.flatMap((row) => row.all)) {
    if (!transfer.running) continue;
    transfer.pause();
    transfer.release();
  }
};

consent.addEventListener("change", () => {
  complain("consent", "");
  if (!consent.checked) stop();
  pump();
});

purpose.addEventListener("change", () => {
  const refused = refusals[purpose.value] ?? "";
  complain("purpose", refused);
  if (refused) stop();
  pump();
});

form.elements.project?.addEventListener("change", ({ target }) => {
  if (!purposes[target.value]) return;
  purpose.value = purposes[target.value];
  purpose.dispatchEvent(new Event("change"));
});

input.addEventListener("change", () => take(input.files));
// Chosen twice in a row, the same file is to be noticed twice.
input.addEventListener("click", () => { input.value = ""; });

const drop = form.querySelector(".drop");
for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  drop.classList.add("over");
});
for (const name of ["dragleave", "drop"]) addEventListener(name, () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  take(event.dataTransfer.files);
});

// Whoever logs in again, in whatever tab, finds that sending goes on here.
const tryLogin = async () => {
  const stopped = rows.filter((row) => row.situation === "logged-out");
  if (stopped.length === 0) return;
  try {
    await session.renew();
  } catch {
    return;
  }
  for (const row of stopped) row.release();
  pump();
};
addEventListener("focus", tryLogin);
setInterval(tryLogin, LOGIN_TRIED_EVERY_MS);

const begin = async () => {
  session.begin(form);
  memory.begin(form.dataset.person);
  const early = ["video", "audio", "eeg"].flatMap((name) => [...form.elements[name].files]);
  typed = Object.fromEntries(["title", "eeg_trial", "eeg_sfreq", "eeg_unit"].map((name) => [name, form.elements[name].value]));
  for (const plain of form.querySelectorAll("[data-plain]")) plain.remove();
  for (const rich of form.querySelectorAll("[data-rich]")) rich.hidden = false;
  const label = form.querySelector("[data-rich-words]");
  label.textContent = label.dataset.richWords;
  input.multiple = true;
  input.required = false;
  input.accept = ACCEPT;
  for (const recalled of memory.recall()) {
    const row = newRow(recalled);
    await Promise.all(recalled.files.map((file) => row.restore(file.kind, file)));
    if (row.all.length) leftovers.show(row, { resume, discard: remove });
    else memory.forget(row.key);
  }
  if (early.length) await take(early);
  pump();
};
begin();
