// How moments and labels read on the page.

export const clock = (seconds) => {
  const tenths = Math.round(seconds * 10);
  const hours = Math.floor(tenths / 36000);
  const minutes = Math.floor((tenths % 36000) / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
};

// A round moment, for the time axis: tenths only where they say something.
export const short = (seconds) => clock(seconds).replace(/\.0$/, "");

export const capital = (label) => label.charAt(0).toUpperCase() + label.slice(1);

export const percent = (share) => `${share} %`;

export const element = (name, className, ...children) => {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
};

// How much of a face, a voice and EEG there was, as the templates write it: none of them is a vote.
export const evidence = (segment, withEeg) => {
  if (!segment.confidence) return "Neither face nor voice";
  const words = [`face seen ${percent(segment.face)}`, `voice heard ${percent(segment.voice)}`];
  if (withEeg) words.push(segment.eeg ? "EEG present" : "no EEG");
  return words.join(", ");
};

// What each modality by itself says of a segment, as the templates write it.
export const saidAlone = (segment) => segment.alone.map(([name, label, share]) => `${name}: ${label} ${percent(share)}`).join(", ");

// A label with its colour, as the templates write it.
export const chip = (label) => [element("span", `swatch emotion-${label}`), element("span", "name", label)];
