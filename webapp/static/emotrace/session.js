// Requests of a page with a form. Its CSRF token changes when the user logs in again, for example in another tab.

/**
 * @typedef {{code: string, detail: string, field?: string, errors?: Record<string, string[]>}} Problem
 * @typedef {Omit<RequestInit, "method" | "cache" | "headers"> & {headers?: Record<string, string>}} Options
 */

/** @type {HTMLFormElement} */
let form;
let token = "";

/** @param {HTMLFormElement} ofForm */
const tokenOf = (ofForm) => /** @type {HTMLInputElement} */ (ofForm.elements.namedItem("csrfmiddlewaretoken")).value;

/** @param {HTMLFormElement} pageForm */
export const startSession = (pageForm) => {
  form = pageForm;
  token = tokenOf(form);
};

export const csrfHeaders = () => ({ "X-CSRFToken": token });

/** The address at which uploads are created. */
export const uploadsUrl = () => form.dataset.uploads ?? "";

export class LoggedOutError extends Error {}

/** Fetch a fresh token. Throws LoggedOutError unless the user of this page is logged in. */
export const renewToken = async () => {
  const response = await fetch(form.action, { cache: "no-store" });
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById(form.id);
  if (fresh?.dataset.person !== form.dataset.person) throw new LoggedOutError();
  token = tokenOf(/** @type {HTMLFormElement} */ (fresh));
};

/**
 * fetch() that survives a new login. Throws LoggedOutError, and TypeError where the server cannot be reached.
 * @param {string} method
 * @param {string} url
 * @param {Options} [options]
 */
export const request = async (method, url, options = {}) => {
  const send = () =>
    fetch(url, { ...options, method, cache: "no-store", headers: { ...options.headers, ...csrfHeaders() } });
  const response = await send();
  if (response.status !== 401 && response.status !== 403) return response;
  await renewToken();
  return send();
};

/**
 * The problem+json of a response, or a substitute where it has none.
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
export const readProblem = async (response) => {
  try {
    return await response.json();
  } catch {
    const detail = `The server could not process the request (${response.status}). Try again in a moment.`;
    return { code: "", detail, errors: {} };
  }
};
