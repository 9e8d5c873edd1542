// The upload page: files that are chosen or dropped become recordings, are sent in chunks, and then analysed.
// Without this script the page is a plain form that sends one recording in one request.
import { byId, query, readJson } from "../dom.js";
import { LoggedOutError, renewToken, startSession } from "../session.js";
import { acceptDrops } from "./drop-zone.js";
import { FileChecks, stem } from "./file-checks.js";
import { FormErrors } from "./form-errors.js";
import { createRecording } from "./create-recording.js";
import { NamePattern } from "./name-pattern.js";
import { RecordingRow } from "./recording-row.js";
import { UnfinishedUploads } from "./unfinished-uploads.js";
import { quotaProblem } from "./upload-quota.js";
import { UploadStorage } from "./upload-storage.js";

/**
 * @typedef {import("./file-checks.js").Kind} Kind
 * @typedef {import("./upload-storage.js").StoredRecording} StoredRecording
 * @typedef {{file: File, kind: Kind}} KnownFile
 */

const MAX_PARALLEL_UPLOADS = 2;
const LOGIN_CHECK_MS = 10_000;
const FIELDS = ["title", "eeg_trial", "eeg_sfreq", "eeg_unit"];
const PLACEHOLDER_ID = "00000000-0000-0000-0000-000000000000";

const form = byId("upload", HTMLFormElement);
const control = (/** @type {string} */ name) =>
  /** @type {HTMLInputElement | HTMLSelectElement | null} */ (form.elements.namedItem(name));
const fileInput = /** @type {HTMLInputElement} */ (control("video"));
const consent = /** @type {HTMLInputElement} */ (control("consent"));
const purpose = /** @type {HTMLSelectElement} */ (control("purpose"));
const project = control("project");
const list = byId("recordings");
const checks = new FileChecks(readJson("accepted"), {
  bytes: Number(form.dataset.maxBytes),
  seconds: Number(form.dataset.maxSeconds),
});
/** @type {Record<string, string>} why this server forbids a purpose */
const refusals = readJson("refusals");
/** @type {Record<string, string>} the purpose of each project */
const purposes = readJson("purposes");
const storage = new UploadStorage(form.dataset.person ?? "");
const unfinished = new UnfinishedUploads();
const errors = new FormErrors(form);
const pattern = new NamePattern(form, errors);
/** @type {RecordingRow[]} */
let rows = [];
/** @type {Partial<StoredRecording>} typed into the plain form before this script ran; goes to the first recording */
let typed = {};

/** @param {string} message */
const announce = (message) => {
  byId("upload-status").textContent = message;
};

// Enable the models that fit the chosen files.
const updateModels = () => {
  for (const choice of form.querySelectorAll("[data-uses-eeg]")) {
    const model = /** @type {HTMLInputElement} */ (choice);
    const usesEeg = model.dataset.usesEeg === "true";
    model.disabled = rows.length ? !rows.some((row) => !row.isDone && row.hasEeg === usesEeg) : usesEeg;
    if (model.disabled && model.checked) query(form, "[name=model][value='']", HTMLInputElement).checked = true;
  }
  byId("mixed").hidden = new Set(rows.map((row) => row.hasEeg)).size < 2;
};

// Start what can be started: uploads, then the analyses of complete recordings.
const proceed = () => {
  updateModels();
  if (consent.checked && !refusals[purpose.value]) {
    const uploads = rows.flatMap((row) => row.uploads);
    let free = MAX_PARALLEL_UPLOADS - uploads.filter((upload) => upload.isRunning).length;
    for (const upload of uploads) {
      if (free > 0 && upload.isReady) {
        free -= 1;
        upload.run().finally(proceed);
      }
    }
    for (const row of rows) if (row.submitted && row.state === "open" && row.isComplete) submitRow(row);
  }
  for (const row of rows) row.draw();
  pattern.showNames(rows.map((row) => row.name));
};

/** @param {RecordingRow} row */
const submitRow = async (row) => {
  if (!row.validate()) {
    row.submitted = false;
    row.focus();
    return;
  }
  row.state = "posting";
  row.draw();
  try {
    const outcome = await createRecording(form, row);
    if ("created" in outcome) {
      row.showError("row", await pattern.assign(outcome.created.id));
      finish(row, outcome.created);
    } else handleRefusal(row, outcome);
  } catch (error) {
    row.state = error instanceof LoggedOutError ? "logged-out" : "open";
    if (row.state === "open") setTimeout(proceed, 3000);
  }
  row.draw();
};

/**
 * @param {RecordingRow} row
 * @param {{id: string, analysis: {id: string}}} created
 */
const finish = (row, { id, analysis }) => {
  row.recording = id;
  row.state = "done";
  storage.remove(row.key);
  const result = (form.dataset.result ?? "").replace(PLACEHOLDER_ID, analysis.id);
  if (rows.length === 1) {
    location.assign(result);
    return;
  }
  const link = query(row.element, "[data-part=result]", HTMLAnchorElement);
  link.href = result;
  link.hidden = false;
  announce(`${row.name} is sent and will be analysed.`);
  leaveIfDone();
};

// Go to the list of the new recordings, whose address can be shared and reloaded.
const leaveIfDone = () => {
  if (rows.length === 0 || !rows.every((row) => row.isDone)) return;
  location.assign(`${form.dataset.list}?recording=${rows.map((row) => row.recording).join(",")}`);
};

/**
 * @param {RecordingRow} row
 * @param {import("./create-recording.js").Refused} refused
 */
const handleRefusal = (row, { problem, retrySeconds }) => {
  const { code, detail, field, errors: fieldErrors = {} } = problem;
  row.state = "open";
  if (retrySeconds !== null) {
    const shown = code === "quota_analyses" || code === "storage_unavailable";
    if (shown) row.showError("row", `${detail} This page tries again by itself.`);
    setTimeout(proceed, 1000 * retrySeconds);
    return;
  }
  const lost = Object.keys(fieldErrors).find((name) => name.endsWith("_upload"));
  row.submitted = lost !== undefined;
  if (lost) {
    row.resend(/** @type {Kind} */ (lost.replace("_upload", "")));
  } else {
    const name = field ?? Object.keys(fieldErrors)[0];
    showRefusal(row, name, fieldErrors[name]?.[0] ?? detail, detail);
    row.focus();
  }
  proceed();
};

/**
 * Show an error of the server where it belongs: at a file, in the form, or in the row.
 * @param {RecordingRow} row
 * @param {string} name
 * @param {string} message
 * @param {string} detail
 */
const showRefusal = (row, name, message, detail) => {
  const upload = row.files[/** @type {Kind} */ (name)];
  if (upload) upload.refuse(detail);
  else if (["model", "purpose", "purpose_note", "consent"].includes(name)) errors.goTo(name, message);
  else if (name === "project") errors.show("project", message);
  else if (!row.showError(name, message)) row.showError("row", detail);
};

/** @param {Pick<StoredRecording, "key" | "stem"> & Partial<StoredRecording>} values */
const newRow = (values) => {
  const row = new RecordingRow(values, {
    checks,
    quotaProblem: (upload) => quotaProblem(upload, rows, form.dataset),
    announce: (message) => {
      if (rows.includes(row)) announce(message);
    },
    onChange: (changed) => {
      if (!changed.isDone) storage.save(changed.toStored());
    },
    onReady: (ready, files) => {
      if (files) addToRow(ready, files);
      else proceed();
    },
  });
  row.button("remove").addEventListener("click", () => removeRow(row));
  return row;
};

/** @param {RecordingRow} row */
const insertRow = (row) => {
  rows.push(row);
  list.append(row.element);
  list.hidden = false;
};

/** @param {RecordingRow} row */
const removeRow = (row) => {
  const { name } = row;
  for (const kind of Object.keys(row.files)) row.removeFile(/** @type {Kind} */ (kind));
  storage.remove(row.key);
  rows = rows.filter((each) => each !== row);
  row.element.remove();
  list.hidden = rows.length === 0;
  announce(`${name} is removed.`);
  fileInput.focus();
  proceed();
  leaveIfDone();
};

/** @param {RecordingRow} row */
const resumeRow = (row) => {
  insertRow(row);
  row.focus();
  proceed();
};

const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * The files with their kinds, in their order; files of no known kind are named on the page and left out.
 * @param {Iterable<File>} files
 */
const knownFiles = async (files) => {
  const kinds = [...files].map(async (file) => ({ file, kind: await checks.kindOf(file).catch(() => null) }));
  const found = await Promise.all(kinds);
  const unknown = found.filter(({ kind }) => kind === null).map(({ file }) => file.name);
  errors.show("video", unknown.length ? `Left out, as no video, sound or MAT file: ${unknown.join(", ")}.` : "");
  return /** @type {KnownFile[]} */ (found.filter(({ kind }) => kind !== null));
};

/**
 * @param {RecordingRow} row
 * @param {KnownFile} file
 */
const addFile = (row, { kind, file }) => {
  if (kind === "video") row.stem = stem(file.name);
  for (const name of ["row", ...(kind === "eeg" ? FIELDS.slice(1) : [])]) row.showError(name, "");
  row.add(kind, file);
};

/**
 * Add files that the user chose for one recording, whatever their names are.
 * @param {RecordingRow} row
 * @param {File[]} files
 */
const addToRow = async (row, files) => {
  for (const { file, kind } of await knownFiles(files)) {
    const upload = row.files[kind];
    if (upload?.needsFile && upload.isOf(file)) row.attach(kind, file);
    else addFile(row, { kind, file });
  }
  proceed();
};

/**
 * Make recordings of files: those with the same stem belong together. Where several files of one kind have the same
 * stem, each file gets its own row, and the user decides.
 * @param {Iterable<File>} files
 */
const addRecordings = async (files) => {
  const groups = Map.groupBy(await knownFiles(files), ({ file }) => stem(file.name));
  for (const [name, group] of groups) {
    const restored = unfinished.takeMatching(group.map(({ file }) => file));
    if (restored) insertRow(restored);
    const fresh = group.filter(({ file }) => !isChosen(file));
    const kinds = fresh.map(({ kind }) => kind);
    const unambiguous = new Set(kinds).size === kinds.length;
    for (const part of unambiguous ? [fresh] : fresh.map((each) => [each])) {
      if (part.length === 0) continue;
      const row = newRow({ ...typed, key: newKey(), stem: name });
      insertRow(row);
      typed = {};
      for (const file of part) addFile(row, file);
      if (!unambiguous && !row.files.video) row.ambiguous = kinds.includes("video");
    }
  }
  proceed();
};

/**
 * Whether a file is chosen already. A restored upload that needs it gets it.
 * @param {File} file
 */
const isChosen = (file) => {
  for (const row of rows.filter((each) => !each.isDone && each.state !== "posting")) {
    for (const [kind, upload] of Object.entries(row.files)) {
      if (!upload.isOf(file) || upload.state === "refused") continue;
      if (upload.needsFile) row.attach(/** @type {Kind} */ (kind), file);
      return true;
    }
  }
  return false;
};

const stopUploads = () => {
  for (const upload of rows.flatMap((row) => row.uploads).filter((each) => each.isRunning)) {
    upload.pause();
    upload.release();
  }
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const name of ["consent", "model", "purpose_note"]) errors.show(name, "");
  const open = rows.filter((row) => !row.isDone);
  if (open.length === 0) {
    errors.goTo("video", "There is no video yet. Choose the file to analyse.");
    return;
  }
  const invalid = open.filter((row) => !row.validate());
  const refusal = refusals[purpose.value];
  if (refusal) errors.goTo("purpose", refusal);
  else if (!consent.checked) errors.goTo("consent", form.dataset.noConsent ?? "");
  else if (pattern.problem) errors.goTo("name_pattern", pattern.problem);
  else invalid[0]?.focus();
  if (refusal || !consent.checked || pattern.problem) return;
  for (const row of open) row.submitted = !invalid.includes(row);
  proceed();
});

consent.addEventListener("change", () => {
  errors.show("consent", "");
  if (!consent.checked) stopUploads();
  proceed();
});

purpose.addEventListener("change", () => {
  const refusal = refusals[purpose.value] ?? "";
  errors.show("purpose", refusal);
  if (refusal) stopUploads();
  proceed();
});

project?.addEventListener("change", () => {
  if (!purposes[project.value]) return;
  purpose.value = purposes[project.value];
  purpose.dispatchEvent(new Event("change"));
});

fileInput.addEventListener("change", () => addRecordings(fileInput.files ?? []));
// So that choosing the same file twice in a row fires twice.
fileInput.addEventListener("click", () => {
  fileInput.value = "";
});

acceptDrops(query(form, ".drop-zone"), addRecordings);

// Continue after a new login, in whichever tab.
const checkLogin = async () => {
  const stopped = rows.filter((row) => row.status === "logged-out");
  if (stopped.length === 0) return;
  try {
    await renewToken();
  } catch {
    return;
  }
  for (const row of stopped) row.release();
  proceed();
};
addEventListener("focus", checkLogin);
setInterval(checkLogin, LOGIN_CHECK_MS);

// Replace the plain form by the list of recordings, with what was chosen and typed so far.
const replacePlainForm = () => {
  const chosen = ["video", "audio", "eeg"].flatMap((name) => {
    const input = /** @type {HTMLInputElement} */ (control(name));
    return [...(input.files ?? [])];
  });
  typed = Object.fromEntries(FIELDS.map((name) => [name, control(name)?.value ?? ""]));
  for (const element of form.querySelectorAll("[data-without-script]")) element.remove();
  for (const element of form.querySelectorAll("[data-with-script]"))
    /** @type {HTMLElement} */ (element).hidden = false;
  const label = query(form, "[data-script-label]");
  label.textContent = label.dataset.scriptLabel ?? "";
  fileInput.multiple = true;
  fileInput.required = false;
  fileInput.accept = checks.accept;
  return chosen;
};

const restoreUploads = async () => {
  for (const stored of storage.loadUnexpired()) {
    const row = newRow(stored);
    await Promise.all(stored.files.map((file) => row.restore(file)));
    if (row.uploads.length) unfinished.add(row, { resume: resumeRow, discard: removeRow });
    else storage.remove(row.key);
  }
};

startSession(form);
const chosen = replacePlainForm();
await restoreUploads();
if (chosen.length) await addRecordings(chosen);
proceed();
