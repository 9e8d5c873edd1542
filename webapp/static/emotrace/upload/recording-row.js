// One recording on the upload page: its files and their progress, its errors, its title and EEG parameters.
import { copyTemplate, query } from "../dom.js";
import { EegFields } from "./eeg-fields.js";
import { lengthProblem, megabytes } from "./file-checks.js";
import { statusMessage } from "./status-messages.js";
import { TusUpload } from "./tus-upload.js";

/**
 * @typedef {import("./file-checks.js").Kind} Kind
 * @typedef {import("./upload-storage.js").StoredFile} StoredFile
 * @typedef {import("./upload-storage.js").StoredRecording} StoredRecording
 * @typedef {"open" | "posting" | "logged-out" | "done"} State
 * @typedef {import("./status-messages.js").Status} Status
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
  #eegFields;
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
    this.#eegFields = new EegFields(this.element, (name) => this.field(name));
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
    if (kind === "eeg") this.#eegFields.clear();
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
    for (const [name, problem] of Object.entries(this.#eegFields.problems)) this.showError(name, problem);
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

  /** @param {TusUpload} upload */
  async #readEeg(upload) {
    const isCurrent = () => this.files.eeg === upload;
    await this.#eegFields.read(upload, isCurrent);
    if (isCurrent()) this.#callbacks.onChange(this);
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

  draw() {
    const sum = (/** @type {"size" | "sent" | "speed"} */ name) =>
      this.uploads.reduce((total, upload) => total + upload[name], 0);
    const [size, sent] = [sum("size"), sum("sent")];
    const status = this.#currentStatus();
    const message = statusMessage(status, {
      sent,
      size,
      speed: sum("speed"),
      missing: this.uploads.filter((upload) => upload.needsFile).map((upload) => upload.name),
      submitted: this.submitted,
      consented: query(document, "#id_consent", HTMLInputElement).checked,
    });
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
