// The lanes under the timeline follow its zoom. Markers are set at the playhead, beside the picture on wide screens.
import { byId } from "../dom.js";

/** @typedef {import("./timeline-view.js").TimelineView} TimelineView */

const WIDE = matchMedia("(min-width: 992px)"); // as in timeline.css

/** Stretch and move the lanes as the view shows the recording. @param {TimelineView} view */
export const alignLanes = (view) => {
  for (const content of document.querySelectorAll(".lane-content")) {
    const { style } = /** @type {SVGSVGElement} */ (content);
    style.width = `${100 * view.factor}%`;
    style.transform = `translateX(${-view.scroller.scrollLeft}px)`;
  }
};

/** Show where the playhead is. @param {number} share of the recording */
export const moveLanePlayheads = (share) => {
  for (const line of document.querySelectorAll(".lane-playhead")) {
    line.setAttribute("x1", `${100 * share}%`);
    line.setAttribute("x2", `${100 * share}%`);
  }
};

const section = () => document.getElementById("markers");

/** Put the markers beside the picture, or below the timeline on narrow screens. */
export const placeMarkers = () => {
  const markers = section();
  if (!markers) return;
  const below = document.createComment("markers on narrow screens");
  markers.before(below);
  const place = () => {
    const current = section();
    if (!current) return;
    if (WIDE.matches) byId("markers-sidebar").append(current);
    else below.after(current);
  };
  WIDE.addEventListener("change", place);
  place();
};

/** Show the buttons that need scripts; htmx replaces the section. */
export const showMarkerButtons = () => {
  for (const button of document.querySelectorAll("[data-marker][hidden]")) button.removeAttribute("hidden");
};

/**
 * @param {string} field
 * @param {number} seconds
 */
const setTime = (field, seconds) => {
  const markers = section();
  if (!document.getElementById("marker-form") || !(markers instanceof HTMLDetailsElement)) return;
  markers.open = true;
  byId(`marker-${field}`, HTMLInputElement).value = seconds.toFixed(3);
};

/**
 * The commands of the keys and buttons for markers.
 * @param {() => number} moment
 */
export const markerCommands = (moment) => ({
  markerBegin: () => setTime("start_s", moment()),
  markerEnd: () => setTime("end_s", moment()),
  markerKind: () => {
    const kind = document.getElementById("marker-kind");
    if (kind instanceof HTMLSelectElement) kind.selectedIndex = (kind.selectedIndex + 1) % kind.length;
  },
  markerAdd: () => {
    const form = document.getElementById("marker-form");
    if (form instanceof HTMLFormElement) form.requestSubmit();
  },
  markerUndo: () => {
    const button = section()?.querySelector("[data-marker=undo]");
    if (button instanceof HTMLButtonElement) button.click();
  },
});
