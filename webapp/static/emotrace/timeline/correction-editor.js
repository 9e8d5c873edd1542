// Editing corrections: the tools beside the video, or below the tiers on narrow screens, act on the segment at the
// playhead.
import { byId, query } from "../dom.js";
import { localTime } from "../local-time.js";
import { LoggedOutError, startSession } from "../session.js";
import { Autosave, MESSAGES } from "./autosave.js";
import { enableBoundaryDrag } from "./boundary-drag.js";
import { CorrectionDraft } from "./correction-draft.js";
import { DraftStorage } from "./draft-storage.js";
import { capitalize, clock, percent } from "./format.js";

/**
 * @typedef {import("./draft-storage.js").SavedSegment} SavedSegment
 * @typedef {import("./player.js").Player} Player
 * @typedef {import("./timeline-model.js").TimelineModel} TimelineModel
 * @typedef {import("./timeline-view.js").TimelineView} TimelineView
 */

const NUDGE_S = 0.1;
const WIDE = matchMedia("(min-width: 992px)"); // as in timeline.css

/** @param {unknown} error */
const reasonOf = (error) => {
  if (error instanceof LoggedOutError) return "you are logged out. Log in again in another tab.";
  if (error instanceof TypeError) return "the server cannot be reached.";
  return error instanceof Error ? error.message : String(error);
};

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} name
 * @param {new () => T} [type]
 */
const part = (name, type) => byId(`correction-${name}`, type);

/** @param {string} name */
const input = (name) => part(name, HTMLInputElement);

export class CorrectionEditor {
  active = false;
  #model;
  #view;
  #player;
  /** @type {CorrectionDraft | null} */
  #draft = null;
  #form = byId("correction-editor", HTMLFormElement);
  #storage;
  #autosave;
  #shown = -1;
  /** @type {number | null} the segment whose field has the focus */
  #focused = null;

  /**
   * @param {TimelineModel} model
   * @param {TimelineView} view
   * @param {Player} player
   */
  constructor(model, view, player) {
    this.#model = model;
    this.#view = view;
    this.#player = player;
    startSession(this.#form);
    this.#placeForm();
    const { analysis = "", corrections = "" } = this.#form.dataset;
    this.#storage = new DraftStorage(analysis);
    this.#autosave = new Autosave(corrections, this.#storage, (state, message) => this.#showState(state, message));
    this.#listen();
    enableBoundaryDrag(view, {
      tier: () => (this.active ? model.correctedTier : null),
      segments: () => this.draft.segments,
      move: (number, seconds, continued) => {
        const moved = this.draft.moveBoundary(number, seconds, continued);
        if (moved) this.#draw();
        return moved;
      },
      done: () => this.#saveChange(),
    });
    const stored = this.#storage.load();
    part("draft").hidden = stored === null;
    if (stored) part("draft-date").textContent = localTime(stored.at);
  }

  /** The draft of an editor that has been opened. */
  get draft() {
    if (!this.#draft) throw new Error("The editor has not been opened");
    return this.#draft;
  }

  #placeForm() {
    const below = document.createComment("correction editor on narrow screens");
    this.#form.before(below);
    const place = () => {
      if (WIDE.matches) part("sidebar").replaceChildren(this.#form);
      else below.after(this.#form);
    };
    WIDE.addEventListener("change", place);
    place();
  }

  #listen() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#autosave.save();
    });
    /** @type {Record<string, (value: string) => boolean>} */
    const edits = {
      start: (value) => this.draft.moveBoundary(this.#number, Number.parseFloat(value)),
      end: (value) => this.draft.moveBoundary(this.#number + 1, Number.parseFloat(value)),
      note: (value) => this.draft.setNote(this.#number, value.trim()),
    };
    for (const [name, edit] of Object.entries(edits)) {
      input(name).addEventListener("change", () => this.#edit(() => edit(input(name).value)));
    }
    this.#form.addEventListener("focusin", ({ target }) => {
      if (this.active && target instanceof HTMLInputElement) this.#focused = this.#number;
    });
    this.#form.addEventListener("focusout", () => {
      this.#focused = null;
      this.show();
    });
  }

  /** The segment that is edited: the one whose field has the focus, or the one at the playhead. */
  get #number() {
    return this.#focused ?? this.draft.numberAt(this.#player.moment);
  }

  /** Open or close the editor. */
  async toggle() {
    if (!part("draft").hidden) part("draft").focus();
    else if (this.active) this.#close();
    else await this.#load();
  }

  async #load() {
    if (this.#draft && this.#autosave.state !== "saved") {
      this.#open(this.#draft); // closed before it was saved
      return;
    }
    let segments;
    try {
      segments = await this.#autosave.load();
    } catch (error) {
      this.#form.hidden = false;
      this.#showState("refused", `The corrections cannot be loaded: ${reasonOf(error)}`);
      return;
    }
    this.#open(this.#draftOf(segments));
    this.#showState("saved", segments.length ? MESSAGES.saved : "Nothing corrected yet");
  }

  /**
   * A draft of stored corrections; of the model's segments where there are none.
   * @param {SavedSegment[]} segments
   */
  #draftOf(segments) {
    const { labels } = this.#model;
    return new CorrectionDraft(
      segments.length
        ? segments.map(({ start_s: start, end_s: end, label, note }) => ({
            start,
            end,
            label: labels.indexOf(label),
            note,
          }))
        : this.#model.segments.map(({ start, end, value: label }) => ({ start, end, label, note: "" })),
    );
  }

  /** @param {CorrectionDraft} draft */
  #open(draft) {
    this.#draft = draft;
    this.active = true;
    this.#form.hidden = false;
    this.#pressButton(true);
    this.#draw();
  }

  #close() {
    this.#autosave.save();
    this.active = false;
    this.#form.hidden = this.#autosave.state === "saved" || this.#autosave.state === "saving";
    this.#pressButton(false);
    this.#view.markSelected(null);
  }

  /** @param {boolean} pressed */
  #pressButton(pressed) {
    query(document, "[data-command=correct]").setAttribute("aria-pressed", String(pressed));
  }

  /**
   * Run one of the actions of the buttons with data-correction.
   * @param {string} name
   */
  async act(name) {
    try {
      await this.#actions[name]();
    } catch (error) {
      this.#showState(this.#autosave.state, `That did not work: ${reasonOf(error)}`);
    }
  }

  /** @type {Record<string, () => unknown>} */
  #actions = {
    restore: () => {
      const stored = this.#storage.load();
      part("draft").hidden = true;
      if (!stored) return;
      this.#autosave.revision = stored.revision;
      this.#open(this.#draftOf(stored.segments));
      this.#saveChange();
    },
    discard: () => {
      this.#storage.clear();
      part("draft").hidden = true;
    },
    keepMine: () => this.#autosave.keepMine(),
    takeTheirs: async () => this.#open(this.#draftOf(await this.#autosave.takeTheirs())),
    askToRemove: () => part("remove", HTMLDialogElement).showModal(),
    remove: async () => {
      part("remove", HTMLDialogElement).close();
      await this.#autosave.remove();
      location.reload();
    },
  };

  /** @type {Record<string, () => unknown>} */
  commands = {
    split: () =>
      this.#edit(() => this.draft.split(this.#number, this.#player.moment), "Too near to a boundary to split here."),
    mergeNext: () => this.#edit(() => this.draft.merge(this.#number, this.#number + 1), "There is no next segment."),
    mergePrevious: () =>
      this.#edit(() => this.draft.merge(this.#number, this.#number - 1), "There is no previous segment."),
    startEarlier: () => this.#nudge(0, -NUDGE_S),
    startLater: () => this.#nudge(0, NUDGE_S),
    endEarlier: () => this.#nudge(1, -NUDGE_S),
    endLater: () => this.#nudge(1, NUDGE_S),
    undo: () => this.#edit(() => this.draft.undo(), "There is nothing to undo."),
    redo: () => this.#edit(() => this.draft.redo(), "There is nothing to redo."),
    writeNote: () => input("note").focus(),
    save: () => this.#autosave.save(),
  };

  /** @param {number} index */
  setLabel(index) {
    if (index < this.#model.labels.length) this.#edit(() => this.draft.setLabel(this.#number, index));
  }

  /**
   * Move the start (side 0) or the end (side 1) of the segment. The playhead stays within the segment.
   * @param {0 | 1} side
   * @param {number} seconds
   */
  #nudge(side, seconds) {
    const number = this.#number;
    const boundary = this.draft.segments[number + side]?.start;
    const move = () => number + side > 0 && this.draft.moveBoundary(number + side, boundary + seconds);
    this.#edit(move, "This boundary cannot be moved there.");
    const { start, end } = this.draft.segments[number];
    if (this.#player.moment < start) this.#player.seek(start);
    else if (this.#player.moment >= end) this.#player.seek(end - NUDGE_S / 2);
  }

  /**
   * @param {() => boolean} change
   * @param {string} [otherwise] message if nothing changed
   */
  #edit(change, otherwise = "") {
    if (!this.active) return;
    if (change()) this.#saveChange();
    else if (otherwise) part("segment").textContent = otherwise;
    this.#fillFields();
  }

  #saveChange() {
    this.#autosave.change(
      this.draft.segments.map(({ start, end, label, note }) => ({
        start_s: start,
        end_s: end,
        label: this.#model.labels[label],
        note,
      })),
    );
    this.#draw();
  }

  #draw() {
    this.#model.correct(this.draft.segments);
    this.#view.resize();
    this.#shown = -1;
    this.show();
  }

  /** Show the segment at the playhead. */
  show() {
    if (!this.active) return;
    const number = this.#number;
    if (number === this.#shown) return;
    this.#shown = number;
    this.#view.markSelected(this.draft.segments[number]);
    this.#describe(number);
    this.#fillFields();
  }

  /** @param {number} number */
  #describe(number) {
    const { start, end, label } = this.draft.segments[number];
    const original = this.#model.segmentAt(this.#player.moment);
    const confidence = original.confidence ? `, ${percent(original.confidence)}` : "";
    const position = `Segment ${number + 1} of ${this.draft.segments.length}, ${clock(start)} to ${clock(end)}`;
    const text = part("segment");
    text.setAttribute("aria-live", this.#player.playing ? "off" : "polite");
    text.textContent = `${position}: ${capitalize(this.#model.labels[label])}. The model here: ${original.label}${confidence}.`;
  }

  #fillFields() {
    const number = this.#number;
    const { start, end, label, note } = this.draft.segments[number];
    const isLast = number === this.draft.segments.length - 1;
    /** @type {[string, string | number, boolean][]} */
    const fields = [
      ["start", start, number === 0],
      ["end", end, isLast],
      ["note", note, false],
    ];
    for (const [name, value, disabled] of fields) Object.assign(input(name), { disabled, value });
    for (const button of this.#form.querySelectorAll("[data-label]")) {
      button.setAttribute("aria-pressed", String(Number(button.getAttribute("data-label")) === label));
    }
    const { canUndo: undo, canRedo: redo } = this.draft;
    for (const [name, enabled] of Object.entries({ undo, redo, mergePrevious: number > 0, mergeNext: !isLast })) {
      query(this.#form, `[data-command=${name}]`).setAttribute("aria-disabled", String(!enabled));
    }
  }

  /**
   * @param {import("./autosave.js").State} state
   * @param {string} message
   */
  #showState(state, message) {
    if (!["saved", "saving"].includes(state)) this.#form.hidden = false;
    /** @type {Record<string, string>} */
    const styles = { saved: "succeeded", saving: "running", unsaved: "queued" };
    const status = part("status");
    status.textContent = message;
    status.className = `status text-wrap status-${styles[state] ?? "failed"}`;
    part("save").hidden = ["saved", "saving", "conflict"].includes(state);
    part("conflict").hidden = state !== "conflict";
  }
}
