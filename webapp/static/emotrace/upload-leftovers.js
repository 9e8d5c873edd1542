// What an earlier visit to the upload page left half sent. It stands apart from what is chosen now, and joins it only
// where the person resumes it, or chooses exactly its files again.
import { mega } from "./upload-checks.js";
import { isSame } from "./upload-row.js";

const section = document.getElementById("leftovers");
const list = section.querySelector("ul");
let leftovers = []; // of { row, node }

const take = (leftover) => {
  leftovers = leftovers.filter((each) => each !== leftover);
  leftover.node.remove();
  section.hidden = leftovers.length === 0;
  return leftover.row;
};

// Show `row`, which its upload was restored to. `resume` and `discard` are called with it.
export const show = (row, { resume, discard }) => {
  const node = document.getElementById("leftover-row").content.firstElementChild.cloneNode(true);
  const sum = (what) => row.all.reduce((total, transfer) => total + transfer[what], 0);
  node.querySelector("[data-part=files]").textContent = row.all.map((transfer) => transfer.name).join(", ");
  const expires = new Date(Math.min(...row.all.map((transfer) => Date.parse(transfer.expires))));
  const until = expires.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  node.querySelector("[data-part=sent]").textContent =
    `${mega(sum("offset"))} of ${mega(sum("size"))} are on the server, until ${until}.`;
  const leftover = { row, node };
  for (const [what, then] of Object.entries({ resume, discard })) {
    const button = node.querySelector(`[data-do=${what}]`);
    button.setAttribute("aria-label", `${button.textContent} ${row.name}`);
    button.addEventListener("click", () => then(take(leftover)));
  }
  leftovers.push(leftover);
  list.append(node);
  section.hidden = false;
};

// The leftover that consists of exactly these files, which is one no more; none if there is no such one.
export const taken = (files) => {
  const matches = ({ row }) => row.all.length === files.length
    && row.all.every((transfer) => files.some((file) => isSame(transfer, file)));
  const leftover = leftovers.find(matches);
  return leftover ? take(leftover) : null;
};
