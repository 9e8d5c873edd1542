// The form of the consent is sent once: a second click begins nothing.
import { byId, query } from "../dom.js";

const form = byId("consent");

form.addEventListener("submit", () => {
  query(form, "button", HTMLButtonElement).disabled = true;
});
// A page that the browser has kept, with "Back", may be for the next participant.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
