// The pointer on the lanes: a press or a drag seeks, hovering tells what was read there.
// A finger scrubs the whole recording; once zoomed in it scrolls, and a tap seeks.

export const scrub = (lanes, tip, player) => {
  const { scroller, wide, root } = lanes;
  const scrolls = (event) => event.pointerType === "touch" && lanes.factor > 1;
  let dragged = false;
  let tapped = false;

  const go = (event) => {
    const seconds = lanes.moment(event.clientX);
    player.seek(seconds);
    tip.show(seconds);
  };
  wide.addEventListener("pointerdown", (event) => {
    tapped = scrolls(event);
    if (event.button !== 0 || tapped) return;
    dragged = true;
    wide.setPointerCapture(event.pointerId);
    go(event);
  });
  wide.addEventListener("pointermove", (event) => {
    if (dragged) go(event);
    else if (event.pointerType !== "touch") tip.show(lanes.moment(event.clientX));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    wide.addEventListener(name, (event) => {
      dragged = false;
      if (event.pointerType === "touch") tip.hide();
    });
  }
  wide.addEventListener("click", (event) => {
    if (tapped) player.seek(lanes.moment(event.clientX));
  });
  root.addEventListener("pointerleave", () => {
    if (!dragged) tip.hide();
  });
  scroller.addEventListener("focus", () => {
    if (scroller.matches(":focus-visible")) tip.show(player.moment);
  });
  scroller.addEventListener("blur", () => tip.hide());
};
