// The pattern that names of files follow: what it would assign is shown before files are sent, and assigned afterwards.
import { byId } from "../dom.js";
import { readProblem, request } from "../session.js";

const DELAY_MS = 400;
const PLACEHOLDER_ID = "00000000-0000-0000-0000-000000000000";

/** @typedef {import("./form-errors.js").FormErrors} FormErrors */

export class NamePattern {
  problem = ""; // why nothing can be assigned
  #form;
  #errors;
  /** @type {string[]} */
  #names = [];
  #asked = "";
  #timer = 0;
  #field = /** @type {HTMLInputElement | null} */ (document.getElementById("id_name_pattern"));
  #project = /** @type {HTMLSelectElement | null} */ (document.getElementById("id_project"));

  /**
   * @param {HTMLFormElement} form
   * @param {FormErrors} errors
   */
  constructor(form, errors) {
    this.#form = form;
    this.#errors = errors;
    this.#field?.addEventListener("input", () => this.#update());
    this.#project?.addEventListener("change", () => this.#update());
  }

  /** @param {string[]} names of the files of all recordings */
  showNames(names) {
    this.#names = names.map((name) => name.replace(/\.[^.]*$/, ""));
    this.#update();
  }

  get #isUsed() {
    return Boolean(this.#field?.value.trim());
  }

  /** @param {string | undefined} url with a placeholder for the project */
  #address(url) {
    return (url ?? "").replace(PLACEHOLDER_ID, this.#project?.value ?? "");
  }

  #update() {
    const asked = JSON.stringify([this.#field?.value, this.#project?.value, this.#names]);
    if (!this.#field || asked === this.#asked) return;
    this.#asked = asked;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#preview(asked).catch(() => {}), DELAY_MS);
  }

  /** @param {string} asked what this preview is of */
  async #preview(asked) {
    if (!this.#isUsed || !this.#names.length) {
      this.#show("");
      return;
    }
    if (!this.#project?.value) {
      this.#show("Choose a project: participants are of one.");
      return;
    }
    const body = new FormData();
    body.append("pattern", this.#field?.value ?? "");
    for (const name of this.#names) body.append("name", name);
    const response = await request("POST", this.#address(this.#form.dataset.namePreview), { body });
    if (!response.ok || asked !== this.#asked) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const problem = page.querySelector("[data-error]")?.textContent ?? "";
    this.#show(problem, problem ? [] : [...page.body.children]);
  }

  /**
   * @param {string} problem
   * @param {Element[]} preview
   */
  #show(problem, preview = []) {
    this.problem = problem;
    this.#errors.show("name_pattern", problem);
    byId("name-preview").replaceChildren(...preview);
  }

  /**
   * Assign what the names of a new recording's files say. Returns why it cannot be, or "".
   * @param {string} recording
   */
  async assign(recording) {
    if (!this.#isUsed) return "";
    const body = JSON.stringify({ pattern: this.#field?.value, source: "file", recordings: [recording] });
    const headers = { "Content-Type": "application/json" };
    const response = await request("POST", this.#address(this.#form.dataset.namePattern), { body, headers });
    return response.ok ? "" : (await readProblem(response)).detail;
  }
}
