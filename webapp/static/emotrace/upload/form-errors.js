// Errors at the fields of the upload form.
import { query } from "../dom.js";

export class FormErrors {
  #form;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
  }

  /**
   * Show an error; "" clears it.
   * @param {string} name
   * @param {string} message
   */
  show(name, message) {
    const element = query(this.#form, `[data-error-for="${name}"]`);
    const field = this.#field(name);
    element.textContent = message;
    field?.classList.toggle("is-invalid", Boolean(message));
    if (message) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
    return element;
  }

  /**
   * Show an error and go to its field.
   * @param {string} name
   * @param {string} message
   */
  goTo(name, message) {
    this.show(name, message).scrollIntoView({ block: "center" });
    this.#field(name)?.focus({ preventScroll: true });
  }

  /**
   * The field of an error; the choice of a model is several fields.
   * @param {string} name
   */
  #field(name) {
    const { elements } = this.#form;
    const field = name === "model" ? null : (elements.namedItem(name) ?? elements.namedItem("video"));
    return /** @type {HTMLElement | null} */ (field);
  }
}
