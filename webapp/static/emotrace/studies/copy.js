// Buttons that copy the text of an element.
import { byId } from "../dom.js";

const SHOWN_MS = 2000;

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-copy]"))) {
  const name = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId(button.dataset.copy ?? "").textContent ?? "");
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = name;
    }, SHOWN_MS);
  });
}
