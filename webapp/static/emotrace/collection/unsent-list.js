// What was recorded by a link in this browser and not sent, on the page that the link opens.
import { byId, copyTemplate, query } from "../dom.js";
import { localTime } from "../local-time.js";
import { UnsentRecordings } from "./unsent.js";

const section = byId("unsent");
const list = query(section, "ul");

/** @param {UnsentRecordings} unsent */
const show = async (unsent) => {
  const recordings = (await unsent.all()).filter(({ page }) => page.startsWith(location.pathname));
  list.replaceChildren();
  for (const { page, participant, at } of recordings) {
    const row = copyTemplate("unsent-row");
    const name = `${participant}, ${localTime(at)}`;
    const [link, discard] = [query(row, "a", HTMLAnchorElement), query(row, "button")];
    query(row, "[data-part=name]").textContent = name;
    link.href = page;
    for (const control of [link, discard]) control.setAttribute("aria-label", `${control.textContent} ${name}`);
    discard.addEventListener("click", async () => {
      if (!confirm("Discard this recording for good?")) return;
      await unsent.remove(page);
      await show(unsent);
    });
    list.append(row);
  }
  section.hidden = recordings.length === 0;
};

try {
  await show(await UnsentRecordings.open());
} catch {
  // A browser that keeps nothing has nothing to show.
}
