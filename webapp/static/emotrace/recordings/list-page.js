// The list of recordings: counts the ticked ones, and leaves empty filters out of addresses.

const bulkForm = () => /** @type {HTMLFormElement | null} */ (document.getElementById("bulk"));

/** @param {HTMLFormElement} form */
const selectAll = (form) => /** @type {HTMLInputElement} */ (form.elements.namedItem("all"));

/** @param {HTMLFormElement} form */
const checkboxes = (form) =>
  /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[type=checkbox][name=recording]")]);

const updateCount = () => {
  const form = bulkForm();
  if (!form) return;
  const all = selectAll(form);
  const count = all.checked ? Number(all.dataset.count) : checkboxes(form).filter((box) => box.checked).length;
  const status = form.querySelector("[data-selection]");
  if (status) status.textContent = count ? `${count} chosen` : "None chosen";
  for (const button of form.querySelectorAll("[formaction]")) {
    /** @type {HTMLButtonElement} */ (button).disabled = count === 0;
  }
};

document.addEventListener("change", ({ target }) => {
  const form = bulkForm();
  if (!(target instanceof HTMLInputElement) || !form?.contains(target)) return;
  const all = selectAll(form);
  if (target === all) for (const box of checkboxes(form)) box.checked = all.checked;
  else if (!target.checked) all.checked = false;
  updateCount();
});
// Typing has already searched by the time that the field loses the focus.
document.getElementById("id_search")?.addEventListener("change", (event) => event.stopPropagation());
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, formData } = /** @type {CustomEvent} */ (event).detail;
  if (elt.id !== "filters") return;
  for (const [name, value] of [...formData.entries()]) if (!value) formData.delete(name);
});
document.addEventListener("htmx:afterSettle", updateCount);
updateCount();
