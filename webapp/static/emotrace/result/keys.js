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
  f: "faces",
  c: "correct",
  "+": "zoomIn",
  "=": "zoomIn",
  "-": "zoomOut",
  "0": "zoomFit",
  "?": "help",
};
const SHIFTED = { ArrowLeft: "back5", ArrowRight: "on5", F: "fullScreen" };
const CORRECTING = {
  s: "split", m: "mergeNext", M: "mergePrevious", n: "writeNote",
  ",": "startEarlier", ".": "startLater", "<": "endEarlier", ">": "endLater",
};
const WITH_CONTROL = { z: "undo", Z: "redo", y: "redo", s: "save" };
const ON_SCRUBBER = {
  ArrowDown: "back1", ArrowUp: "on1", PageDown: "previous", PageUp: "next", Home: "begin", End: "end", Escape: "hideTip",
};
const FIELDS = "input, select, textarea, [contenteditable]";
const isLabel = ({ key, target, ctrlKey, altKey, metaKey }) =>
  /^[1-9]$/.test(key) && !ctrlKey && !altKey && !metaKey && !target.closest(FIELDS) && !document.querySelector("dialog[open]");
const PRESSED = "button, a[href], summary"; // what the space bar presses

const wanted = (event, correcting) => {
  const { key, target } = event;
  const elsewhere = target.closest(FIELDS) || document.querySelector("dialog[open]");
  if (correcting && !elsewhere && (event.ctrlKey || event.metaKey) && !event.altKey) return WITH_CONTROL[key];
  if (event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"))) return null;
  if (elsewhere) return null;
  if (key === " " && target.closest(PRESSED)) return null;
  if (target.id === "scrubber" && ON_SCRUBBER[key]) return ON_SCRUBBER[key];
  if (correcting && CORRECTING[key]) return CORRECTING[key];
  if (event.shiftKey && SHIFTED[key]) return SHIFTED[key];
  return KEYS[key.length === 1 ? key.toLowerCase() : key];
};

// `correcting()` is whether the keys of correcting count; `label(index)` is told of the digits then.
export const listen = (commands, correcting = () => false, label = () => {}) => {
  document.addEventListener("keydown", (event) => {
    const name = wanted(event, correcting());
    const digit = !name && correcting() && isLabel(event) ? Number(event.key) : 0;
    if (digit) label(digit - 1);
    if (!commands[name]) return;
    event.preventDefault();
    commands[name]();
  });
};
