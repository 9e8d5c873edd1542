// The EEG parameters of a recording, prefilled with what the server reads in the MAT file.
import { query } from "../dom.js";
import { readProblem, request } from "../session.js";

/**
 * @typedef {import("./tus-upload.js").TusUpload} TusUpload
 * @typedef {{trials: number | null, sfreq: number | null, unit: string | null, shape: number[],
 *   channels: string[] | null, channel_order: string}} EegSummary
 * @typedef {HTMLInputElement | HTMLSelectElement} Field
 */

export class EegFields {
  #element;
  #field;
  /** @type {EegSummary | null} */
  #summary = null;
  /** @type {Record<string, string>} values that came from the MAT file */
  #prefilled = {};

  /**
   * @param {HTMLElement} element of the recording
   * @param {(name: string) => Field} field
   */
  constructor(element, field) {
    this.#element = element;
    this.#field = field;
  }

  /**
   * Ask the server for the parameters of an uploaded file; a file that is not EEG is refused.
   * @param {TusUpload} upload
   * @param {() => boolean} isCurrent whether the recording still has this file
   */
  async read(upload, isCurrent) {
    try {
      const response = await request("GET", `${upload.address}eeg/`);
      if (!isCurrent()) return;
      if (response.ok) this.#show(await response.json());
      else if (response.status < 500) upload.refuse((await readProblem(response)).detail);
    } catch {
      // The server checks the file again with the recording.
    }
  }

  /** @param {EegSummary} summary */
  #show(summary) {
    const { trials, sfreq, unit } = summary;
    this.#summary = summary;
    const trial = /** @type {HTMLInputElement} */ (this.#field("eeg_trial"));
    query(this.#element, "[data-trial]").hidden = trials === null;
    trial.max = String(trials ?? "");
    if (trials === 1) this.#prefill("eeg_trial", "1");
    if (sfreq !== null) this.#prefill("eeg_sfreq", String(sfreq));
    if (unit !== null) this.#prefill("eeg_unit", unit);
    query(this.#element, "[data-eeg-summary]").textContent = describe(summary);
  }

  /**
   * Fill a field that the user has left empty.
   * @param {string} name
   * @param {string} value
   */
  #prefill(name, value) {
    const field = this.#field(name);
    if (field.value) return;
    field.value = value;
    this.#prefilled[name] = field.value;
  }

  /** Empty the fields that were prefilled, unless the user has changed them. */
  clear() {
    for (const [name, value] of Object.entries(this.#prefilled)) {
      if (this.#field(name).value === value) this.#field(name).value = "";
    }
    this.#prefilled = {};
    this.#summary = null;
  }

  /** What is wrong with the fields, by name. */
  get problems() {
    /** @type {Record<string, string>} */
    const problems = {};
    const trials = this.#summary?.trials ?? 0;
    const trial = Number(this.#field("eeg_trial").value);
    if (trials > 1 && !(trial >= 1 && trial <= trials)) {
      problems.eeg_trial = `The file holds ${trials} trials. Enter the one that belongs to the video, from 1 to ${trials}.`;
    }
    if (this.#summary?.sfreq === null && !this.#field("eeg_sfreq").value) {
      problems.eeg_sfreq = "The file has no sampling rate. Enter the samples per second, such as 500.";
    }
    return problems;
  }
}

/** @param {EegSummary} summary */
export const describe = ({ trials, shape, channels, channel_order: channelOrder }) => {
  const size = shape.join(" × ");
  const names = channels ? `, ${channels.slice(0, 3).join(", ")} …` : "";
  const content =
    trials === null ? `${size} values${names}` : `${trials} ${trials === 1 ? "trial" : "trials"} (${size}${names})`;
  const assumed = channelOrder === "assumed" && !channels;
  return `The file holds ${content}.${assumed ? " It names no channels: the order of EAV is assumed." : ""}`;
};
