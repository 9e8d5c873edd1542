// Bootstrap's colour mode follows the system; paper is light. Loaded before the page is drawn, so that nothing flashes.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
  const follow = () => {
    document.documentElement.dataset.bsTheme = dark.matches && !paper.matches ? "dark" : "light";
  };
  for (const query of [dark, paper]) query.addEventListener("change", follow);
  follow();
})();
