// The boundaries of the corrected lane under the pointer: they can be dragged.
import { lastBegun } from "./reading.js";

const REACH = { mouse: 6, pen: 8, touch: 16 }; // pixels to either side

// `lane()` is the lane that is corrected, or null; `move(number, seconds, onward)` and `done()` are told of a drag.
export const draggable = (lanes, { lane, segments, move, done }) => {
  const { wide } = lanes;
  let held = null;
  let onward = false;

  // The number of the segment that begins near the pointer.
  const near = (event) => {
    const there = lane();
    const down = event.clientY - wide.getBoundingClientRect().top;
    if (!there || down < there.top || down > there.top + there.height) return null;
    const found = segments();
    const at = lastBegun(found, lanes.moment(event.clientX));
    const x = lanes.x(lanes.moment(event.clientX));
    const [close] = [at, at + 1]
      .filter((number) => number > 0 && number < found.length)
      .map((number) => [Math.abs(lanes.x(found[number][0]) - x), number])
      .filter(([distance]) => distance <= REACH[event.pointerType])
      .sort(([one], [other]) => one - other);
    return close ? close[1] : null;
  };
  const listen = (name, handle) => wide.addEventListener(name, handle, { capture: true });

  listen("pointerdown", (event) => {
    if (event.button !== 0 || (held = near(event)) === null) return;
    event.stopImmediatePropagation();
    wide.setPointerCapture(event.pointerId);
    onward = false;
  });
  listen("pointermove", (event) => {
    if (held === null) {
      wide.classList.toggle("over-edge", near(event) !== null);
      return;
    }
    event.stopImmediatePropagation();
    if (move(held, lanes.moment(event.clientX), onward)) onward = true;
  });
  // A finger that holds a boundary scrolls nothing.
  wide.addEventListener("touchstart", (event) => { if (held !== null) event.preventDefault(); }, { passive: false });
  for (const name of ["pointerup", "pointercancel"]) {
    listen(name, (event) => {
      if (held === null) return;
      event.stopImmediatePropagation();
      held = null;
      if (onward) done();
    });
  }
};
