// One recording on the upload page: its files and their progress, its errors, its title and EEG parameters.
import { copyTemplate, query } from "../dom.js";
import { readProblem, request } from "../session.js";
import { lengthProblem, megabytes } from "./file-checks.js";
import { TusUpload } from "./tus-upload.js";

/**
 * @typedef {import("./file-checks.js").Kind} Kind
 * @typedef {import("./upload-storage.js").StoredFile} StoredFile
 * @typedef {import("./upload-storage.js").StoredRecording} StoredRecording
 * @typedef {"open" | "posting" | "logged-out" | "done"} State
 * @typedef {Exclude<State, "open"> | "refused" | "missing" | "broken" | "paused" | "busy" | "sending" | "sent" | "waiting"} Status
 * @typedef {{trials: number | null, sfreq: number | null, unit: string | null, shape: number[],
 *   channels: string[] | null, channel_order: string}} EegSummary what the server read in a MAT file
 * @typedef {object} Callbacks
 * @property {import("./file-checks.js").FileChecks} checks
 * @property {(upload: TusUpload) => string} quotaProblem
 * @property {(row: RecordingRow) => void} onChange when there is something to store
 * @property {(row: RecordingRow, files?: File[]) => void} onReady when sending may go on, or files were chosen
 * @property {(message: string) => void} announce to screen readers
 */

/** @type {Record<Kind, string>} */
const NAMES = { video: "Video", audio: "Sound", eeg: "EEG" };
/** @type {Kind[]} EEG first: the server reads its parameters while the rest is sent */
const SENDING_ORDER = ["eeg", "audio", "video"];
/** @type {Kind[]} */
const DISPLAY_ORDER = ["video", "audio", "eeg"];
const EEG_FIELDS = /** @type {const} */ (["eeg_trial", "eeg_sfreq", "eeg_unit"]);
const FIELDS = /** @type {const} */ (["title", ...EEG_FIELDS]);
/** @type {Status[]} */
const ANNOUNCED = ["sent", "broken", "paused", "busy", "logged-out", "missing"];

/** @param {number} seconds */
const roundedDuration = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} minutes`);

export class RecordingRow {
  /** @type {Partial<Record<Kind, TusUpload>>} */
  files = {};
  /** @type {Partial<Record<Kind, number | null>>} lengths by the browser */
  seconds = {};
  ambiguous = false; // whether it could belong to several of the videos
  submitted = false; // whether the user asked for the analysis
  /** @type {State} */
  state = "open";
  /** @type {Status | null} as it was drawn last */
  status = null;
  recording = ""; // id once it is created
  /** @type {Partial<Record<Kind, number | null>>} lengths that the server will find too */
  #exactSeconds = {};
  /** @type {EegSummary | null} */
  #eegSummary = null;
  /** @type {Record<string, string>} values of fields that came from the MAT file */
  #prefilled = {};
  #drawnFiles = "";
  #soundDiffers = false;
  #callbacks;

  /**
   * @param {Pick<StoredRecording, "key" | "stem"> & Partial<StoredRecording>} values
   * @param {Callbacks} callbacks
   */
  constructor(values, callbacks) {
    this.key = values.key;
    this.stem = values.stem;
    this.#callbacks = callbacks;
    this.element = copyTemplate("recording-row");
    for (const name of FIELDS) {
      const [field, error] = [this.field(name), query(this.element, `[data-row-error="${name}"]`)];
      field.value = values[name] ?? "";
      field.id = `${name}-${this.key}`;
      error.id = `${name}-error-${this.key}`;
      field.setAttribute("aria-describedby", error.id);
      field.addEventListener("change", () => callbacks.onChange(this));
      field.addEventListener("input", () => this.showError(name, ""));
    }
    const chooser = query(this.element, "[data-chooser]", HTMLInputElement);
    this.button("add").addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => callbacks.onReady(this, [...(chooser.files ?? [])]));
    this.button("pause").addEventListener("click", () => this.#togglePause());
    this.draw();
  }

  /** The uploads in the order in which they are sent. */
  get uploads() {
    return SENDING_ORDER.flatMap((kind) => this.files[kind] ?? []);
  }

  get isDone() {
    return this.state === "done";
  }

  get isComplete() {
    return this.uploads.length > 0 && this.uploads.every((upload) => upload.state === "finished");
  }

  get name() {
    return (this.files.video ?? this.uploads[0])?.name ?? this.stem;
  }

  get hasEeg() {
    return Boolean(this.files.eeg);
  }

  /** @param {string} name */
  field(name) {
    return /** @type {HTMLInputElement | HTMLSelectElement} */ (query(this.element, `[data-field="${name}"]`));
  }

  /** @param {string} name */
  button(name) {
    return query(this.element, `[data-action="${name}"]`, HTMLButtonElement);
  }

  /** @param {string} name */
  part(name) {
    return query(this.element, `[data-part="${name}"]`);
  }

  /** The values of the fields that are not empty. */
  get values() {
    const names = this.hasEeg ? FIELDS : [FIELDS[0]];
    return Object.fromEntries(
      names.flatMap((name) => (this.field(name).value ? [[name, this.field(name).value]] : [])),
    );
  }

  /** @returns {StoredRecording} */
  toStored() {
    const files = Object.entries(this.files).flatMap(([kind, { name, size, modified, address, expires }]) =>
      address ? [/** @type {StoredFile} */ ({ kind, name, size, modified, address, expires })] : [],
    );
    const [title, eeg_trial, eeg_sfreq, eeg_unit] = FIELDS.map((name) => this.field(name).value);
    return { key: this.key, stem: this.stem, title, eeg_trial, eeg_sfreq, eeg_unit, files };
  }

  /**
   * Add a file, which is sent once it has passed its checks.
   * @param {Kind} kind
   * @param {File} file
   */
  async add(kind, file) {
    this.removeFile(kind);
    const upload = this.#newUpload(kind, { name: file.name, size: file.size, modified: file.lastModified });
    this.draw();
    await this.#check(kind, upload, file);
  }

  /**
   * Restore a file that an earlier visit has begun to send, unless the server no longer has it.
   * @param {StoredFile} stored
   */
  async restore({ kind, name, size, modified, address, expires }) {
    const upload = this.#newUpload(kind, { name, size, modified, address });
    upload.expires = expires;
    upload.resumed = true;
    try {
      await upload.queryOffset();
    } catch {
      if (upload.address === null) this.removeFile(kind);
    }
    if (upload.state === "finished" && kind === "eeg") await this.#readEeg(upload);
    this.draw();
  }

  /**
   * Attach the file of a restored upload.
   * @param {Kind} kind
   * @param {File} file
   */
  async attach(kind, file) {
    const upload = this.files[kind];
    if (upload) await this.#check(kind, upload, file);
  }

  /**
   * Remove a file here and on the server.
   * @param {Kind} kind
   */
  removeFile(kind) {
    const upload = this.files[kind];
    if (!upload) return;
    if (kind === "eeg") this.#clearEeg();
    delete this.files[kind];
    this.seconds[kind] = this.#exactSeconds[kind] = null;
    upload.onChange = () => {};
    upload.remove().catch(() => {}); // what cannot be removed now expires by itself
    this.#callbacks.onChange(this);
    this.draw();
  }

  /**
   * Send an upload that the server has lost again; without its file it is removed.
   * @param {Kind} kind
   */
  resend(kind) {
    const upload = this.files[kind];
    if (upload?.file) upload.restart();
    else this.removeFile(kind);
  }

  /** Continue after a new login. */
  release() {
    for (const upload of this.uploads) upload.release();
    if (this.state === "logged-out") this.state = "open";
    this.draw();
  }

  /**
   * Show an error at a field, or of the row; "" clears it. Returns whether the row has such a field.
   * @param {string} name
   * @param {string} message
   */
  showError(name, message) {
    const error = this.element.querySelector(`[data-row-error="${name}"]`);
    if (!error) return false;
    error.textContent = message;
    const field = this.element.querySelector(`[data-field="${name}"]`);
    field?.classList.toggle("is-invalid", Boolean(message));
    if (message) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
    return true;
  }

  /** Check what can be checked here; errors are shown. */
  validate() {
    const missingVideo = this.ambiguous
      ? `Several files are named like ${this.name}. Add it to the video that it belongs to, and remove it here.`
      : `There is no video for ${this.name}. Add it, or remove this recording.`;
    this.showError("row", this.files.video ? "" : missingVideo);
    const trials = this.#eegSummary?.trials ?? 0;
    const trial = Number(this.field("eeg_trial").value);
    if (trials > 1 && !(trial >= 1 && trial <= trials)) {
      const message = `The file holds ${trials} trials. Enter the one that belongs to the video, from 1 to ${trials}.`;
      this.showError("eeg_trial", message);
    }
    if (this.#eegSummary?.sfreq === null && !this.field("eeg_sfreq").value) {
      this.showError("eeg_sfreq", "The file has no sampling rate. Enter the samples per second, such as 500.");
    }
    const errors = [...this.element.querySelectorAll("[data-row-error]")];
    return !errors.some((error) => error.textContent) && !this.uploads.some((upload) => upload.state === "refused");
  }

  focus() {
    const target = this.element.querySelector(".is-invalid") ?? query(this.element, "button");
    /** @type {HTMLElement} */ (target).focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "center" });
  }

  /**
   * @param {Kind} kind
   * @param {Omit<import("./tus-upload.js").UploadOptions, "onChange">} options
   */
  #newUpload(kind, options) {
    if (kind === "audio") this.#soundDiffers = false;
    let [stored, state] = ["", ""];
    const upload = new TusUpload({
      ...options,
      onChange: () => {
        const { address, expires } = upload;
        if (`${address} ${expires}` !== stored) this.#callbacks.onChange(this);
        stored = `${address} ${expires}`;
        const finished = upload.state === "finished" && state !== "finished";
        state = upload.state;
        if (finished && kind === "eeg" && upload.file) this.#readEeg(upload);
        this.draw();
      },
    });
    this.files[kind] = upload;
    return upload;
  }

  /**
   * @param {Kind} kind
   * @param {TusUpload} upload
   * @param {File} file
   */
  async #check(kind, upload, file) {
    let result;
    try {
      result = await this.#callbacks.checks.check(kind, file);
    } catch {
      const problem = `${file.name} cannot be read. If it was moved or changed, choose it again.`;
      result = { problem, seconds: null, exact: false };
    }
    if (this.files[kind] !== upload) return;
    this.seconds[kind] = result.seconds;
    this.#exactSeconds[kind] = result.exact ? result.seconds : null;
    const problem = result.problem || this.#callbacks.quotaProblem(upload);
    if (problem) upload.refuse(problem);
    else upload.attach(file);
    this.#compareLengths();
    this.draw();
    this.#callbacks.onReady(this);
  }

  #compareLengths() {
    const { audio } = this.files;
    const problem = lengthProblem(this.#exactSeconds.audio ?? null, this.#exactSeconds.video ?? null);
    if (audio && problem && audio.state !== "refused") {
      audio.pause();
      audio.refuse(problem);
    } else if (audio?.state === "refused" && this.#soundDiffers && !problem) {
      audio.restart();
    }
    this.#soundDiffers = Boolean(audio && problem);
  }

  /**
   * Fill the EEG fields with what the server reads in the MAT file.
   * @param {TusUpload} upload
   */
  async #readEeg(upload) {
    try {
      const response = await request("GET", `${upload.address}eeg/`);
      if (this.files.eeg !== upload) return;
      if (response.ok) this.#showEeg(await response.json());
      else if (response.status < 500) upload.refuse((await readProblem(response)).detail);
    } catch {
      // The server checks the file again with the recording.
    }
  }

  /** @param {EegSummary} summary */
  #showEeg(summary) {
    const { trials, sfreq, unit, channels } = summary;
    this.#eegSummary = summary;
    const trial = /** @type {HTMLInputElement} */ (this.field("eeg_trial"));
    query(this.element, "[data-trial]").hidden = trials === null;
    trial.max = String(trials ?? "");
    if (trials === 1) this.#prefill("eeg_trial", "1");
    if (sfreq !== null) this.#prefill("eeg_sfreq", String(sfreq));
    if (unit !== null) this.#prefill("eeg_unit", unit);
    const names = channels ? `, ${channels.slice(0, 3).join(", ")} …` : "";
    const shape = summary.shape.join(" × ");
    const content =
      trials === null ? `${shape} values${names}` : `${trials} ${trials === 1 ? "trial" : "trials"} (${shape}${names})`;
    const assumed = summary.channel_order === "assumed" && !channels;
    const order = assumed ? " It names no channels: the order of EAV is assumed." : "";
    query(this.element, "[data-eeg-summary]").textContent = `The file holds ${content}.${order}`;
    this.#callbacks.onChange(this);
  }

  /**
   * Fill a field that the user has left empty.
   * @param {string} name
   * @param {string} value
   */
  #prefill(name, value) {
    const field = this.field(name);
    if (field.value) return;
    field.value = value;
    this.#prefilled[name] = field.value;
  }

  #clearEeg() {
    for (const [name, value] of Object.entries(this.#prefilled)) {
      if (this.field(name).value === value) this.field(name).value = "";
    }
    this.#prefilled = {};
    this.#eegSummary = null;
  }

  #togglePause() {
    const paused = this.uploads.some((upload) => upload.state === "paused");
    for (const upload of this.uploads) {
      if (paused) upload.release();
      else if (upload.file) upload.pause();
    }
    this.#callbacks.onReady(this);
  }

  /** @returns {Status} */
  #currentStatus() {
    if (this.state !== "open") return this.state;
    const has = (/** @type {Status} */ status) => this.uploads.some((upload) => upload.state === status);
    if (has("refused")) return "refused";
    if (has("logged-out")) return "logged-out";
    if (this.uploads.some((upload) => upload.needsFile)) return "missing";
    /** @type {Status[]} */
    const running = ["broken", "paused", "busy", "sending"];
    return running.find(has) ?? (this.isComplete ? "sent" : "waiting");
  }

  /**
   * @param {Status} status
   * @param {number} sent bytes
   * @param {number} size bytes
   */
  #message(status, sent, size) {
    const progress = `${megabytes(sent)} of ${megabytes(size)}`;
    const speed = this.uploads.reduce((sum, upload) => sum + upload.speed, 0);
    const left = speed > 0 ? ` · ${megabytes(speed)}/s · ${roundedDuration((size - sent) / speed)} left` : "";
    const missing = this.uploads.filter((upload) => upload.needsFile).map((upload) => upload.name);
    const consented = /** @type {HTMLInputElement} */ (query(document, "#id_consent")).checked;
    return {
      done: "Sent.",
      posting: "Everything is sent. Checking the files …",
      "logged-out": "You are logged out. Nothing is lost: log in again in another tab, and sending goes on here.",
      refused: "Choose another file instead of the one that cannot be read. Files that are already sent stay.",
      missing: `${progress} are on the server. Choose ${missing.join(" and ")} again to continue.`,
      broken: `The connection was lost at ${progress}. Sending continues when it is back; nothing is sent twice.`,
      paused: `Paused at ${progress}.`,
      busy: `The server is busy at ${progress}. Sending continues by itself; nothing is sent twice.`,
      sending: `${Math.floor((100 * sent) / Math.max(1, size))} % · ${progress}${left}`,
      sent: this.submitted
        ? "Everything is sent. Checking the files …"
        : "Everything is sent. Start the analysis below.",
      waiting: consented ? "Waiting for its turn." : "Waiting for your agreement above.",
    }[status];
  }

  draw() {
    const size = this.uploads.reduce((sum, upload) => sum + upload.size, 0);
    const sent = this.uploads.reduce((sum, upload) => sum + upload.sent, 0);
    const status = this.#currentStatus();
    const message = this.#message(status, sent, size);
    this.element.dataset.status = status;
    this.part("name").textContent = this.name;
    this.part("message").textContent = message;
    this.part("login").hidden = status !== "logged-out";
    this.part("eeg").hidden = !this.hasEeg;
    const bar = query(this.element, "progress", HTMLProgressElement);
    bar.value = size ? (100 * sent) / size : 0;
    bar.setAttribute("aria-label", `Sending ${this.name}`);
    this.#drawButtons(status);
    this.#drawFiles();
    if (status !== this.status && ANNOUNCED.includes(status)) this.#callbacks.announce(`${this.name}: ${message}`);
    this.status = status;
  }

  /** @param {Status} status */
  #drawButtons(status) {
    const pause = this.button("pause");
    pause.hidden = !["sending", "busy", "broken", "paused"].includes(status);
    pause.textContent = status === "paused" ? "Continue" : "Pause";
    pause.setAttribute("aria-label", `${pause.textContent}: ${this.name}`);
    this.button("remove").setAttribute("aria-label", `Remove ${this.name}`);
    for (const name of ["remove", "add"]) this.button(name).hidden = status === "done" || status === "posting";
  }

  /** Draw the list of files only where more than the progress has changed, so that its buttons keep the focus. */
  #drawFiles() {
    const kinds = DISPLAY_ORDER.filter((kind) => this.files[kind]);
    const drawn = JSON.stringify([
      this.isDone,
      kinds.map((kind) => {
        const { name, size, state, problem, file } = /** @type {TusUpload} */ (this.files[kind]);
        return [kind, name, size, state === "finished", problem, Boolean(file)];
      }),
    ]);
    if (drawn === this.#drawnFiles) return;
    this.#drawnFiles = drawn;
    const lines = kinds.map((kind) => this.#fileLine(kind, /** @type {TusUpload} */ (this.files[kind])));
    this.part("files").replaceChildren(...lines);
  }

  /**
   * @param {Kind} kind
   * @param {TusUpload} upload
   */
  #fileLine(kind, { name, size, state, problem }) {
    const line = copyTemplate("file-row");
    const texts = {
      kind: NAMES[kind],
      file: name,
      size: state === "finished" ? `${megabytes(size)}, sent` : megabytes(size),
      problem,
    };
    for (const [part, text] of Object.entries(texts)) query(line, `[data-part="${part}"]`).textContent = text;
    const remove = query(line, "button");
    remove.setAttribute("aria-label", `Leave out ${name}`);
    remove.hidden = this.isDone || this.uploads.length < 2;
    remove.addEventListener("click", () => {
      this.removeFile(kind);
      this.#compareLengths();
      this.#callbacks.onReady(this);
      this.button("add").focus();
    });
    return line;
  }
}
