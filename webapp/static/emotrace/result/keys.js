// The keyboard: keys to the names of commands.

const KEYS = {
  " ": "toggle",
  ArrowLeft: "back1",
  ArrowRight: "on1",
  j: "back5",
  k: "pause",
  l: "faster",
  "[": "previous",
  "]": "next",
  r: "loop",
  o: "overlay",
  "+": "zoomIn",
  "=": "zoomIn",
  "-": "zoomOut",
  "0": "zoomFit",
  "?": "help",
};
const SHIFTED = { ArrowLeft: "back5", ArrowRight: "on5" };
const ON_SCRUBBER = {
  ArrowDown: "back1", ArrowUp: "on1", PageDown: "previous", PageUp: "next", Home: "begin", End: "end", Escape: "hideTip",
};
const FIELDS = "input, select, textarea, [contenteditable]";
const PRESSED = "button, a[href], summary"; // what the space bar presses

const wanted = (event) => {
  const { key, target } = event;
  if (event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"))) return null;
  if (target.closest(FIELDS) || document.querySelector("dialog[open]")) return null;
  if (key === " " && target.closest(PRESSED)) return null;
  if (target.id === "scrubber" && ON_SCRUBBER[key]) return ON_SCRUBBER[key];
  if (event.shiftKey && SHIFTED[key]) return SHIFTED[key];
  return KEYS[key.length === 1 ? key.toLowerCase() : key];
};

export const listen = (commands) => {
  document.addEventListener("keydown", (event) => {
    const name = wanted(event);
    if (!commands[name]) return;
    event.preventDefault();
    commands[name]();
  });
};
