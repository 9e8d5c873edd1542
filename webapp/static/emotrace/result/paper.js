// Printing: calls `before` when the page is put on paper and `after` when it is a screen again, once each.

export const onPaper = ({ before, after }) => {
  const paper = matchMedia("print");
  let printing = false;
  const become = (now) => {
    if (now === printing) return;
    printing = now;
    if (now) before();
    else after();
  };
  paper.addEventListener("change", () => become(paper.matches));
  addEventListener("beforeprint", () => become(true));
  addEventListener("afterprint", () => become(false));
};
