// The pointer on the tiers: pressing or dragging seeks, hovering shows the tooltip.
// A finger scrubs the whole recording; once zoomed in it scrolls, and a tap seeks.

/**
 * @param {import("./timeline-view.js").TimelineView} view
 * @param {import("./tooltip.js").Tooltip} tooltip
 * @param {import("./player.js").Player} player
 */
export const enableScrubbing = (view, tooltip, player) => {
  const { scroller, content, root } = view;
  let dragging = false;
  let tapped = false;

  /** @param {PointerEvent} event */
  const seek = (event) => {
    const seconds = view.momentAt(event.clientX);
    player.seek(seconds);
    tooltip.show(seconds);
  };
  content.addEventListener("pointerdown", (event) => {
    tapped = event.pointerType === "touch" && view.factor > 1;
    if (event.button !== 0 || tapped) return;
    dragging = true;
    content.setPointerCapture(event.pointerId);
    seek(event);
  });
  content.addEventListener("pointermove", (event) => {
    if (dragging) seek(event);
    else if (event.pointerType !== "touch") tooltip.show(view.momentAt(event.clientX));
  });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    content.addEventListener(name, (event) => {
      dragging = false;
      if (event.pointerType === "touch") tooltip.hide();
    });
  }
  content.addEventListener("click", (event) => {
    if (tapped) player.seek(view.momentAt(event.clientX));
  });
  root.addEventListener("pointerleave", () => {
    if (!dragging) tooltip.hide();
  });
  scroller.addEventListener("focus", () => {
    if (scroller.matches(":focus-visible")) tooltip.show(player.moment);
  });
  scroller.addEventListener("blur", () => tooltip.hide());
};
