// Correcting the timeline: the tools beside the video, or below the lanes where there is no room, on the segment at the playhead.
import { LoggedOut, begin } from "../upload-session.js";
import { Draft } from "./draft.js";
import { draggable } from "./edges.js";
import { Kept } from "./kept.js";
import { STATES, Saving } from "./saving.js";
import { capital, clock, percent } from "./words.js";

const NUDGE_S = 0.1;
const WIDE = matchMedia("(min-width: 992px)"); // as in result.css
const reason = (error) => {
  if (error instanceof LoggedOut) return "you are logged out. Log in again in another tab.";
  return error instanceof TypeError ? "the server cannot be reached." : error.message;
};
const find = (name) => document.getElementById(`correct-${name}`);

export class Correct {
  on = false;
  #reading;
  #lanes;
  #player;
  #draft = null;
  #form = document.getElementById("correct");
  #kept;
  #saving;
  #shown = -1;
  #written = null;

  constructor(reading, lanes, player) {
    [this.#reading, this.#lanes, this.#player] = [reading, lanes, player];
    begin(this.#form);
    const below = document.createComment("the tools");
    this.#form.before(below);
    const place = () => {
      if (WIDE.matches) document.getElementById("correct-beside").replaceChildren(this.#form);
      else below.after(this.#form);
    };
    WIDE.addEventListener("change", place);
    place();
    this.#kept = new Kept(this.#form.dataset.analysis);
    this.#saving = new Saving(this.#form.dataset.corrections, this.#kept, (state, words) => this.#tell(state, words));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#saving.save();
    });
    const whenChanged = (name, change) => find(name).addEventListener("change", ({ target }) => this.#do(() => change(target)));
    whenChanged("start", ({ value }) => this.#draft.move(this.#here, Number.parseFloat(value)));
    whenChanged("end", ({ value }) => this.#draft.move(this.#here + 1, Number.parseFloat(value)));
    whenChanged("note", ({ value }) => this.#draft.write(this.#here, value.trim()));
    this.#form.addEventListener("focusin", ({ target }) => {
      if (this.on && target.matches("input")) this.#written = this.#here;
    });
    this.#form.addEventListener("focusout", () => {
      this.#written = null;
      this.show();
    });
    draggable(lanes, {
      lane: () => (this.on ? reading.corrected : null),
      segments: () => this.#draft.segments,
      move: (number, seconds, onward) => {
        const moved = this.#draft.move(number, seconds, onward);
        if (moved) this.#draw();
        return moved;
      },
      done: () => this.#changed(),
    });
    this.#offer();
  }

  // The segment in hand: the one at the playhead, or the one whose field somebody is writing in.
  get #here() {
    return this.#written ?? this.#draft.at(this.#player.moment);
  }

  // The boundaries to go to with the keys: those of the person who corrects.
  get segments() {
    return this.#draft.segments.map(([start, end]) => ({ start, end }));
  }

  at(seconds) {
    return this.#draft.at(seconds);
  }

  #offer() {
    const kept = this.#kept.get();
    find("kept").hidden = kept === null;
    if (kept) find("kept-at").textContent = new Date(kept.at).toLocaleString();
  }

  async switch() {
    if (!find("kept").hidden) {
      find("kept").focus();
      return;
    }
    if (this.on) this.#leave();
    else await this.#enter();
  }

  async #enter() {
    if (this.#draft && this.#saving.state !== "saved") {
      this.#open(this.#draft); // left before it was saved
      return;
    }
    let segments;
    try {
      segments = await this.#saving.load();
    } catch (error) {
      this.#form.hidden = false;
      this.#tell("refused", `The corrections cannot be had: ${reason(error)}`);
      return;
    }
    this.#open(this.#drafted(segments));
    this.#tell("saved", segments.length ? STATES.saved : "Nothing corrected yet");
  }

  // From what the server or this browser holds; from the machine's segments where there is nothing.
  #drafted(segments) {
    return new Draft(
      segments.length
        ? segments.map(({ start_s, end_s, label, note }) => [start_s, end_s, this.#reading.labels.indexOf(label), note])
        : this.#reading.segments.map(([start, end, label]) => [start, end, label, ""]),
    );
  }

  #open(draft) {
    this.#draft = draft;
    this.on = true;
    this.#form.hidden = false;
    this.#press(true);
    this.#draw();
  }

  #leave() {
    this.#saving.save();
    this.on = false;
    this.#form.hidden = this.#saving.state === "saved" || this.#saving.state === "saving";
    this.#press(false);
    this.#lanes.select(null);
  }

  #press(on) {
    document.querySelector("[data-command=correct]").setAttribute("aria-pressed", String(on));
  }

  // By the buttons of the page that are no commands.
  async act(name) {
    try {
      await this.#act(name);
    } catch (error) {
      const { state } = this.#saving;
      this.#tell(state, `That did not work: ${reason(error)}`);
    }
  }

  async #act(name) {
    if (name === "restore") {
      const { revision, segments } = this.#kept.get();
      this.#saving.revision = revision;
      find("kept").hidden = true;
      this.#open(this.#drafted(segments));
      this.#changed();
    } else if (name === "discard") {
      this.#kept.forget();
      find("kept").hidden = true;
    } else if (name === "keep") await this.#saving.overwrite();
    else if (name === "take") this.#open(this.#drafted(await this.#saving.take()));
    else if (name === "ask") find("remove").showModal();
    else if (name === "remove") {
      find("remove").close();
      await this.#saving.remove();
      location.reload();
    }
  }

  commands = {
    split: () => this.#do(() => this.#draft.split(this.#here, this.#player.moment), "Too near to a boundary to split here."),
    mergeNext: () => this.#do(() => this.#draft.merge(this.#here, this.#here + 1), "There is no next segment."),
    mergePrevious: () => this.#do(() => this.#draft.merge(this.#here, this.#here - 1), "There is no previous segment."),
    startEarlier: () => this.#nudge(0, -NUDGE_S),
    startLater: () => this.#nudge(0, NUDGE_S),
    endEarlier: () => this.#nudge(1, -NUDGE_S),
    endLater: () => this.#nudge(1, NUDGE_S),
    undo: () => this.#do(() => this.#draft.undo(), "There is nothing to undo."),
    redo: () => this.#do(() => this.#draft.redo(), "There is nothing to redo."),
    writeNote: () => find("note").focus(),
    save: () => this.#saving.save(),
  };

  label(index) {
    if (index < this.#reading.labels.length) this.#do(() => this.#draft.relabel(this.#here, index));
  }

  // A boundary that passes the playhead takes it along: the segment in hand stays the same one.
  #nudge(side, seconds) {
    const number = this.#here;
    const edge = this.#draft.segments[number + side]?.[0];
    this.#do(() => number + side > 0 && this.#draft.move(number + side, edge + seconds), "This boundary cannot be moved there.");
    const [start, end] = this.#draft.segments[number];
    if (this.#player.moment < start) this.#player.seek(start);
    else if (this.#player.moment >= end) this.#player.seek(end - NUDGE_S / 2);
  }

  #do(change, otherwise = "") {
    if (!this.on) return;
    if (change()) this.#changed();
    else if (otherwise) find("which").textContent = otherwise;
    this.#fill();
  }

  #changed() {
    this.#saving.change(
      this.#draft.segments.map(([start_s, end_s, label, note]) => ({ start_s, end_s, label: this.#reading.labels[label], note })),
    );
    this.#draw();
  }

  #draw() {
    this.#reading.correct(this.#draft.segments);
    this.#lanes.resize();
    this.#shown = -1;
    this.show();
  }

  show() {
    if (!this.on) return;
    const number = this.#here;
    if (number === this.#shown) return;
    this.#shown = number;
    this.#lanes.select(this.#draft.segments[number]);
    this.#say(number);
    this.#fill();
  }

  #say(number) {
    const [start, end, label] = this.#draft.segments[number];
    const machine = this.#reading.segment(this.#reading.at(this.#player.moment));
    const sure = machine.confidence ? `, ${percent(machine.confidence)}` : "";
    const where = `Segment ${number + 1} of ${this.#draft.segments.length}, ${clock(start)} to ${clock(end)}`;
    const which = find("which");
    which.setAttribute("aria-live", this.#player.playing ? "off" : "polite");
    which.textContent = `${where}: ${capital(this.#reading.labels[label])}. The machine here: ${machine.label}${sure}.`;
  }

  #fill() {
    const number = this.#here;
    const [start, end, label, note] = this.#draft.segments[number];
    const last = number === this.#draft.segments.length - 1;
    for (const [name, value, fixed] of [["start", start, number === 0], ["end", end, last], ["note", note, false]]) {
      find(name).disabled = fixed;
      find(name).value = value;
    }
    for (const button of this.#form.querySelectorAll("[data-label]")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.label) === label));
    }
    const able = { undo: this.#draft.undoable, redo: this.#draft.redoable, mergePrevious: number > 0, mergeNext: !last };
    for (const [name, can] of Object.entries(able)) {
      this.#form.querySelector(`[data-command=${name}]`).setAttribute("aria-disabled", String(!can));
    }
  }

  #tell(state, words) {
    if (!["saved", "saving"].includes(state)) this.#form.hidden = false;
    const place = find("state");
    place.textContent = words;
    place.className = `status text-wrap status-${{ saved: "succeeded", saving: "running", unsaved: "queued" }[state] ?? "failed"}`;
    find("save").hidden = ["saved", "saving", "conflict"].includes(state);
    find("conflict").hidden = state !== "conflict";
  }
}
