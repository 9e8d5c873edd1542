// Dragging the boundaries of the corrected tier with a pointer.
import { lastStarted } from "./timeline-model.js";

/**
 * @typedef {import("./timeline-model.js").DraftSegment} DraftSegment
 * @typedef {import("./timeline-model.js").Tier} Tier
 * @typedef {import("./timeline-view.js").TimelineView} TimelineView
 */

/** @type {Record<string, number>} pixels to either side of a boundary */
const REACH = { mouse: 6, pen: 8, touch: 16 };

/**
 * `tier` returns the tier that is edited, or null. `move` gets the number of the segment after the boundary, the moment,
 * and whether the drag has moved it before. `done` is called at the end of a drag that moved it.
 * @param {TimelineView} view
 * @param {{tier: () => Tier | null, segments: () => DraftSegment[],
 *   move: (number: number, seconds: number, continued: boolean) => boolean, done: () => void}} callbacks
 */
export const enableBoundaryDrag = (view, { tier, segments, move, done }) => {
  const { content } = view;
  /** @type {number | null} */
  let held = null;
  let continued = false;

  /** @param {PointerEvent} event */
  const boundaryNear = (event) => {
    const edited = tier();
    const down = event.clientY - content.getBoundingClientRect().top;
    if (!edited || down < edited.top || down > edited.top + edited.height) return null;
    const found = segments();
    const moment = view.momentAt(event.clientX);
    const x = view.x(moment);
    const at = lastStarted(found, moment);
    const [nearest] = [at, at + 1]
      .filter((number) => number > 0 && number < found.length)
      .map((number) => ({ number, distance: Math.abs(view.x(found[number].start) - x) }))
      .filter(({ distance }) => distance <= REACH[event.pointerType])
      .sort((one, other) => one.distance - other.distance);
    return nearest ? nearest.number : null;
  };

  content.addEventListener(
    "pointerdown",
    (event) => {
      held = event.button === 0 ? boundaryNear(event) : null;
      if (held === null) return;
      event.stopImmediatePropagation();
      content.setPointerCapture(event.pointerId);
      continued = false;
    },
    { capture: true },
  );
  content.addEventListener(
    "pointermove",
    (event) => {
      if (held === null) {
        content.classList.toggle("over-boundary", boundaryNear(event) !== null);
        return;
      }
      event.stopImmediatePropagation();
      if (move(held, view.momentAt(event.clientX), continued)) continued = true;
    },
    { capture: true },
  );
  // A finger on a boundary does not scroll.
  const keepStill = (/** @type {TouchEvent} */ event) => {
    if (held !== null) event.preventDefault();
  };
  content.addEventListener("touchstart", keepStill, { passive: false });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    content.addEventListener(
      name,
      (event) => {
        if (held === null) return;
        event.stopImmediatePropagation();
        held = null;
        if (continued) done();
      },
      { capture: true },
    );
  }
};
