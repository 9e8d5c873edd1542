// The keyboard: maps keys to the names of commands.

/** @typedef {Record<string, string>} KeyMap */

/** @type {KeyMap} */
const KEYS = {
  " ": "toggle",
  ArrowLeft: "back1",
  ArrowRight: "forward1",
  j: "back5",
  k: "pause",
  l: "faster",
  "[": "previous",
  "]": "next",
  r: "loop",
  o: "overlay",
  f: "faces",
  c: "correct",
  b: "markerBegin",
  e: "markerEnd",
  x: "markerKind",
  a: "markerAdd",
  u: "markerUndo",
  "+": "zoomIn",
  "=": "zoomIn",
  "-": "zoomOut",
  0: "zoomFit",
  "?": "help",
};
/** @type {KeyMap} */
const WITH_SHIFT = { ArrowLeft: "back5", ArrowRight: "forward5", F: "fullScreen" };
/** @type {KeyMap} */
const CORRECTING = {
  s: "split",
  m: "mergeNext",
  M: "mergePrevious",
  n: "writeNote",
  ",": "startEarlier",
  ".": "startLater",
  "<": "endEarlier",
  ">": "endLater",
};
/** @type {KeyMap} */
const CORRECTING_WITH_CONTROL = { z: "undo", Z: "redo", y: "redo", s: "save" };
/** @type {KeyMap} */
const ON_SCRUBBER = {
  ArrowDown: "back1",
  ArrowUp: "forward1",
  PageDown: "previous",
  PageUp: "next",
  Home: "start",
  End: "end",
  Escape: "hideTooltip",
};
const FIELDS = "input, select, textarea, [contenteditable]";
const PRESSED_BY_SPACE = "button, a[href], summary";

/** @param {Element} target */
const isTyping = (target) => target.closest(FIELDS) !== null || document.querySelector("dialog[open]") !== null;

/** @param {KeyboardEvent} event */
const hasModifier = (event) =>
  event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"));

/**
 * The command of a key, if it has one.
 * @param {KeyboardEvent} event
 * @param {boolean} correcting
 * @returns {string | undefined}
 */
export const commandOf = (event, correcting) => {
  const { key } = event;
  const target = /** @type {Element} */ (event.target);
  if (isTyping(target)) return undefined;
  if (hasModifier(event)) return correcting && !event.altKey ? CORRECTING_WITH_CONTROL[key] : undefined;
  if (key === " " && target.closest(PRESSED_BY_SPACE)) return undefined;
  const maps = [target.id === "scrubber" && ON_SCRUBBER, correcting && CORRECTING, event.shiftKey && WITH_SHIFT];
  const command = maps.map((map) => map && map[key]).find(Boolean);
  return command || KEYS[key.length === 1 ? key.toLowerCase() : key];
};

/** @param {KeyboardEvent} event */
const isDigit = (event) =>
  /^[1-9]$/.test(event.key) && !hasModifier(event) && !isTyping(/** @type {Element} */ (event.target));

/**
 * @param {Record<string, () => unknown>} commands
 * @param {() => boolean} [correcting] whether the keys for corrections apply
 * @param {(index: number) => void} [setLabel] called for the digits 1 to 9 while correcting
 */
export const listenToKeys = (commands, correcting = () => false, setLabel = () => {}) => {
  document.addEventListener("keydown", (event) => {
    const name = commandOf(event, correcting());
    if (!name && correcting() && isDigit(event)) setLabel(Number(event.key) - 1);
    if (!name || !commands[name]) return;
    event.preventDefault();
    commands[name]();
  });
};
