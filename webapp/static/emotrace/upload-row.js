// One recording on the upload page: its files, how far they are, what is wrong with them, and what it is to be called.
import { check, differ, mega } from "./upload-checks.js";
import { call, problemOf } from "./upload-session.js";
import { Transfer } from "./upload-transfer.js";

const NAMES = { video: "Video", audio: "Sound", eeg: "EEG" };
const ORDER = ["eeg", "audio", "video"]; // EEG first: what it holds is asked for while the rest is on its way
const spoken = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} minutes`);
const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

export const isSame = (transfer, file) =>
  transfer.name === file.name && transfer.size === file.size && transfer.modified === file.lastModified;

export class Row {
  // `changed` is called when something is to be remembered, `moved` when sending may go on, `say` with news to be heard;
  // `room` tells what is wrong with a file as far as the quota goes.
  constructor({ key, stem, title = "", eeg_trial = "", eeg_sfreq = "", eeg_unit = "" }, { limits, room, changed, moved, say }) {
    Object.assign(this, { key, stem, limits, room, changed, moved, say });
    this.transfers = {}; // by kind
    this.seconds = {};
    this.exact = {}; // the same, where the server is sure to find them too
    this.outline = null; // what the MAT file says of itself
    this.filled = {}; // with it, by field
    this.unclear = false; // whether it could belong to several of the videos
    this.wanted = false; // whether the person asked for the analysis
    this.state = "open"; // posting, logged-out, done
    this.node = copy("recording-row");
    for (const [name, value] of Object.entries({ title, eeg_trial, eeg_sfreq, eeg_unit })) {
      const [input, error] = [this.field(name), this.error(name)];
      input.value = value;
      input.id = `${name}-${key}`;
      error.id = `${name}-error-${key}`;
      input.setAttribute("aria-describedby", error.id);
      input.addEventListener("change", () => this.changed(this));
      input.addEventListener("input", () => this.complain(name, ""));
    }
    const chooser = this.node.querySelector("[data-chooser]");
    this.#on("add", () => chooser.click());
    chooser.addEventListener("change", () => this.moved(this, [...chooser.files]));
    this.#on("pause", () => this.#pause());
    this.draw();
  }

  get all() { return ORDER.map((kind) => this.transfers[kind]).filter(Boolean); }
  get done() { return this.state === "done"; }
  get complete() { return this.all.every((transfer) => transfer.state === "finished"); }
  get name() { return (this.transfers.video ?? this.all[0])?.name ?? this.stem; }
  get hasEeg() { return Boolean(this.transfers.eeg); }

  // Whether the file of an upload that was begun before is still to be chosen.
  misses(kind) {
    const { file, address, state } = this.transfers[kind] ?? {};
    return file === null && Boolean(address) && state !== "finished";
  }

  field(name) { return this.node.querySelector(`[data-field="${name}"]`); }
  error(name) { return this.node.querySelector(`[data-row-error="${name}"]`); }

  // What a page that is loaded again needs to know.
  memory() {
    const values = Object.fromEntries(["title", "eeg_trial", "eeg_sfreq", "eeg_unit"].map((name) => [name, this.field(name).value]));
    const files = Object.entries(this.transfers).map(([kind, { name, size, modified, address, expires }]) =>
      ({ kind, name, size, modified, address, expires }));
    return { key: this.key, stem: this.stem, ...values, files: files.filter((file) => file.address) };
  }

  // Take a file in. It may be sent as soon as it has passed its checks.
  async add(kind, file) {
    this.drop(kind);
    const transfer = this.#transfer(kind, { name: file.name, size: file.size, modified: file.lastModified });
    this.draw();
    await this.#check(kind, transfer, file);
  }

  // A file that the server has some of already. Gone from there, it is gone from here.
  async restore(kind, { name, size, modified, address, expires }) {
    const transfer = this.#transfer(kind, { name, size, modified, address });
    transfer.expires = expires;
    transfer.begunBefore = true;
    try {
      await transfer.ask();
    } catch {
      if (transfer.address === null) this.drop(kind);
    }
    if (transfer.state === "finished" && kind === "eeg") await this.#outline(transfer);
    this.draw();
  }

  // The file of an upload that was begun before.
  async attach(kind, file) {
    await this.#check(kind, this.transfers[kind], file);
  }

  // Forget a file, here and on the server.
  drop(kind) {
    const transfer = this.transfers[kind];
    if (!transfer) return;
    if (kind === "eeg") this.#forgetOutline();
    delete this.transfers[kind];
    this.seconds[kind] = this.exact[kind] = null;
    transfer.changed = () => {};
    // What cannot be removed now expires by itself.
    transfer.remove().catch(() => {});
    this.changed(this);
    this.draw();
  }

  release() {
    for (const transfer of this.all) transfer.release();
    if (this.state === "logged-out") this.state = "open";
    this.draw();
  }

  complain(name, message) {
    this.error(name).textContent = message;
    const input = this.field(name);
    input?.classList.toggle("is-invalid", Boolean(message));
    if (message) input?.setAttribute("aria-invalid", "true");
    else input?.removeAttribute("aria-invalid");
  }

  // Whether nothing that can be told here keeps it from being analysed.
  allRight() {
    const missing = this.unclear
      ? `Several files have the name of ${this.name}. Say which video it belongs to: add it there, and remove it here.`
      : `There is no video to ${this.name}. Add it, or remove this recording.`;
    this.complain("row", this.transfers.video ? "" : missing);
    const { trials, sfreq } = this.outline ?? {};
    const number = (name) => Number(this.field(name).value);
    if (trials > 1 && !(number("eeg_trial") >= 1 && number("eeg_trial") <= trials)) {
      this.complain("eeg_trial", `The file holds ${trials} trials. Say which one belongs to the video, from 1 to ${trials}.`);
    }
    if (this.outline && sfreq === null && !this.field("eeg_sfreq").value) {
      this.complain("eeg_sfreq", "The file does not say its sampling rate. Write the samples taken in a second, such as 500.");
    }
    return ![...this.node.querySelectorAll("[data-row-error]")].some((place) => place.textContent)
      && !this.all.some((transfer) => transfer.state === "refused");
  }

  focus() {
    const wrong = this.node.querySelector(".is-invalid, [data-do=drop]") ?? this.node.querySelector("button");
    wrong.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "center" });
  }

  #on(what, then) { this.node.querySelector(`[data-do="${what}"]`).addEventListener("click", then); }

  #transfer(kind, facts) {
    const transfer = new Transfer({ ...facts, changed: () => this.#heard(kind, transfer) });
    transfer.modified = facts.modified;
    this.transfers[kind] = transfer;
    return transfer;
  }

  async #check(kind, transfer, file) {
    let found;
    try {
      found = await check(kind, file, this.limits);
    } catch {
      found = { problem: `${file.name} cannot be read. If it was moved or changed, choose it again.`, seconds: null };
    }
    if (this.transfers[kind] !== transfer) return;
    this.seconds[kind] = found.seconds;
    this.exact[kind] = found.exact ? found.seconds : null;
    const problem = found.problem || this.room(transfer);
    if (problem) transfer.refuse(problem);
    else transfer.attach(file);
    this.#compare();
    this.draw();
    this.moved(this);
  }

  #compare() {
    const { audio } = this.transfers;
    const problem = differ(this.exact.audio ?? null, this.exact.video ?? null);
    if (audio && problem && audio.state !== "refused") {
      audio.pause();
      audio.refuse(problem);
    } else if (audio?.state === "refused" && audio.differed && !problem) {
      audio.problem = "";
      audio.restart();
    }
    if (audio) audio.differed = Boolean(problem);
  }

  #heard(kind, transfer) {
    const news = `${transfer.address} ${transfer.expires}`;
    if (news !== transfer.news) this.changed(this);
    transfer.news = news;
    const ended = transfer.state === "finished" && transfer.before !== "finished";
    transfer.before = transfer.state;
    if (ended && kind === "eeg" && transfer.file) this.#outline(transfer);
    this.draw();
  }

  // Prefill what the MAT file says of itself.
  async #outline(transfer) {
    try {
      const answer = await call("GET", `${transfer.address}eeg/`);
      if (this.transfers.eeg !== transfer) return;
      if (answer.ok) this.#prefill(await answer.json());
      else if (answer.status < 500) transfer.refuse((await problemOf(answer)).detail);
    } catch {
      // It can be sent without being asked: the server looks into it again with the recording.
    }
  }

  #prefill(outline) {
    this.outline = outline;
    const trial = this.field("eeg_trial");
    trial.closest("[data-trial]").hidden = outline.trials === null;
    trial.max = outline.trials ?? "";
    if (outline.trials === 1) this.#fill("eeg_trial", 1);
    if (outline.sfreq !== null) this.#fill("eeg_sfreq", outline.sfreq);
    if (outline.unit !== null) this.#fill("eeg_unit", outline.unit);
    const shape = outline.shape.join(" × ");
    const names = outline.channels ? `, ${outline.channels.slice(0, 3).join(", ")} …` : "";
    const order = outline.channel_order === "assumed" && !outline.channels ? " It names no channels: they are read in EAV's order." : "";
    const held = outline.trials === null
      ? `The file holds ${shape} values${names}.`
      : `The file holds ${outline.trials} ${outline.trials === 1 ? "trial" : "trials"} (${shape}${names}).`;
    this.node.querySelector("[data-eeg-words]").textContent = held + order;
    this.changed(this);
  }

  // What the person typed stays.
  #fill(name, value) {
    const input = this.field(name);
    if (input.value) return;
    input.value = value;
    this.filled[name] = input.value;
  }

  #forgetOutline() {
    for (const [name, value] of Object.entries(this.filled)) if (this.field(name).value === value) this.field(name).value = "";
    this.filled = {};
    this.outline = null;
  }

  #pause() {
    const paused = this.all.some((transfer) => transfer.state === "paused");
    for (const transfer of this.all) {
      if (paused) transfer.release();
      else if (transfer.file) transfer.pause();
    }
    this.moved(this);
  }

  // One of: done, posting, logged-out, refused, missing, broken, paused, busy, sending, sent, waiting.
  #situation() {
    if (this.state !== "open") return this.state;
    const has = (state) => this.all.some((transfer) => transfer.state === state);
    if (has("refused")) return "refused";
    if (has("logged-out")) return "logged-out";
    if (ORDER.some((kind) => this.misses(kind))) return "missing";
    return ["broken", "paused", "busy", "sending"].find(has) ?? (this.all.length && this.complete ? "sent" : "waiting");
  }

  #words(situation, sent, size) {
    const far = `${mega(sent)} of ${mega(size)}`;
    const speed = this.all.reduce((sum, transfer) => sum + transfer.speed, 0);
    const left = speed > 0 ? ` · ${mega(speed)}/s · ${spoken((size - sent) / speed)} left` : "";
    const missing = ORDER.filter((kind) => this.misses(kind)).map((kind) => this.transfers[kind]);
    return {
      done: "Sent.",
      posting: "Everything is sent. Checking the files …",
      "logged-out": "Your login has ended. Nothing is lost: log in again in another tab, and sending goes on here.",
      refused: "Choose another file instead of the one that cannot be read. What is sent already stays.",
      missing: `${far} are on the server. Choose ${missing.map((each) => each.name).join(" and ")} again to go on.`,
      broken: `The connection is lost at ${far}. It is tried again until it is back; nothing has to be sent twice.`,
      paused: `Paused at ${far}.`,
      busy: `The server is busy at ${far}. Sending goes on by itself; nothing has to be sent twice.`,
      sending: `${Math.floor((100 * sent) / Math.max(1, size))} % · ${far}${left}`,
      sent: this.wanted ? "Everything is sent. Checking the files …" : "Everything is sent. Start the analysis below.",
      waiting: document.getElementById("id_consent").checked ? "Waits for its turn." : "Waits for your agreement above.",
    }[situation];
  }

  draw() {
    const part = (what) => this.node.querySelector(`[data-part="${what}"]`);
    const size = this.all.reduce((sum, transfer) => sum + transfer.size, 0);
    const sent = this.all.reduce((sum, transfer) => sum + transfer.shown, 0);
    const situation = this.#situation();
    this.node.dataset.situation = situation;
    part("name").textContent = this.name;
    part("words").textContent = this.#words(situation, sent, size);
    part("login").hidden = situation !== "logged-out";
    const bar = this.node.querySelector("progress");
    bar.value = size ? (100 * sent) / size : 0;
    bar.setAttribute("aria-label", `Sending ${this.name}`);
    this.#drawButtons(situation);
    this.#drawFiles(part("files"));
    part("eeg").hidden = !this.hasEeg;
    if (situation !== this.situation && ["sent", "broken", "paused", "busy", "logged-out", "missing"].includes(situation)) {
      this.say(`${this.name}: ${part("words").textContent}`);
    }
    this.situation = situation;
  }

  #drawButtons(situation) {
    const button = (what) => this.node.querySelector(`[data-do="${what}"]`);
    const pause = button("pause");
    pause.hidden = !["sending", "busy", "broken", "paused"].includes(situation);
    pause.textContent = situation === "paused" ? "Go on" : "Pause";
    pause.setAttribute("aria-label", `${pause.textContent}: ${this.name}`);
    button("remove").setAttribute("aria-label", `Remove ${this.name}`);
    for (const what of ["remove", "add"]) button(what).hidden = situation === "done" || situation === "posting";
  }

  // Drawn anew only where something other than the progress has changed: a button that has the focus keeps it.
  #drawFiles(list) {
    const files = ["video", "audio", "eeg"].filter((kind) => this.transfers[kind]);
    const drawn = JSON.stringify(files.map((kind) => {
      const { name, size, state, problem, file } = this.transfers[kind];
      return [kind, name, size, state === "finished", problem, Boolean(file), this.done];
    }));
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    list.replaceChildren(...files.map((kind) => this.#fileLine(kind, this.transfers[kind])));
  }

  #fileLine(kind, { name, size, state, problem }) {
    const line = copy("file-row");
    const part = (what) => line.querySelector(`[data-part="${what}"]`);
    part("kind").textContent = NAMES[kind];
    part("file").textContent = name;
    part("size").textContent = state === "finished" ? `${mega(size)}, sent` : mega(size);
    part("problem").textContent = problem;
    const drop = line.querySelector("button");
    drop.setAttribute("aria-label", `Leave out ${name}`);
    drop.hidden = this.done || this.all.length < 2;
    drop.addEventListener("click", () => {
      this.drop(kind);
      this.#compare();
      this.moved(this);
      this.node.querySelector("[data-do=add]").focus();
    });
    return line;
  }
}
