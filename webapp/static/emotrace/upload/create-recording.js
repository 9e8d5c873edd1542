// Creates the recording of a row whose files are all on the server.
import { query } from "../dom.js";
import { readProblem, request } from "../session.js";

/**
 * @typedef {import("./recording-row.js").RecordingRow} RecordingRow
 * @typedef {import("../session.js").Problem} Problem
 * @typedef {{created: {id: string, analysis: {id: string}}}} Created
 * @typedef {{problem: Problem, retrySeconds: number | null}} Refused `retrySeconds` is null for a final refusal
 */

const MAX_WAIT_S = 60; // for a server that is busy

/**
 * Throws LoggedOutError, and TypeError where the server cannot be reached.
 * @param {HTMLFormElement} form
 * @param {RecordingRow} row
 * @returns {Promise<Created | Refused>}
 */
export const createRecording = async (form, row) => {
  // With the key, a recording whose response was lost is not created twice.
  const headers = { "Idempotency-Key": row.key };
  const response = await request("POST", form.dataset.recordings ?? "", { body: bodyOf(form, row), headers });
  if (response.status === 201) return { created: await response.json() };
  const temporary = response.status === 429 || response.status >= 500;
  const seconds = Math.min(MAX_WAIT_S, Number(response.headers.get("Retry-After")) || 5);
  return { problem: await readProblem(response), retrySeconds: temporary ? seconds : null };
};

/**
 * @param {HTMLFormElement} form
 * @param {RecordingRow} row
 */
const bodyOf = (form, row) => {
  const body = new FormData();
  for (const [kind, upload] of Object.entries(row.files)) body.append(`${kind}_upload`, upload.id);
  for (const [name, value] of Object.entries(row.values)) body.append(name, value);
  const model = query(form, "[name=model]:checked", HTMLInputElement);
  if (model.value && String(row.hasEeg) === model.dataset.usesEeg) body.append("model", model.value);
  for (const name of ["project", "purpose", "purpose_note"]) {
    const field = /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name));
    if (field?.value) body.append(name, field.value);
  }
  body.append("consent", "true");
  return body;
};
