// The list of recordings: how many are ticked, and addresses without what was not asked for.

const bulk = () => document.getElementById("bulk");
const ticks = () => [...bulk().querySelectorAll("[name=recording]")];

const tell = () => {
  const form = bulk();
  if (!form) return;
  const all = form.elements.all;
  const count = all.checked ? Number(all.dataset.count) : ticks().filter((tick) => tick.checked).length;
  form.querySelector("[data-chosen]").textContent = count ? `${count} chosen` : "None chosen";
  for (const button of form.querySelectorAll("[formaction]")) button.disabled = count === 0;
};

document.addEventListener("change", (event) => {
  const form = bulk();
  if (!form?.contains(event.target)) return;
  const all = form.elements.all;
  if (event.target === all) for (const tick of ticks()) tick.checked = all.checked;
  else if (!event.target.checked) all.checked = false;
  tell();
});
// Typing has asked already by the time that the field is left.
document.getElementById("id_search")?.addEventListener("change", (event) => event.stopPropagation());
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.id !== "filters") return;
  for (const [name, value] of [...detail.formData.entries()]) if (!value) detail.formData.delete(name);
});
document.addEventListener("htmx:afterSettle", tell);
tell();
