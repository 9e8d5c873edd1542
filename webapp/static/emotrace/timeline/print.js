// Printing: calls `before` when the page is prepared for printing and `after` when it is back on screen, once each.

/** @param {{before: () => void, after: () => void}} callbacks */
export const onPrint = ({ before, after }) => {
  const query = matchMedia("print");
  let printing = false;
  const update = (/** @type {boolean} */ now) => {
    if (now === printing) return;
    printing = now;
    if (now) before();
    else after();
  };
  query.addEventListener("change", () => update(query.matches));
  addEventListener("beforeprint", () => update(true));
  addEventListener("afterprint", () => update(false));
};
