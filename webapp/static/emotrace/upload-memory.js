// What a page that is loaded again has to know of uploads that were begun before. Each person has a memory of their own.
// A recording is {key, title, eeg_trial, eeg_sfreq, eeg_unit, files: [{kind, name, size, modified, address, expires}]}.
let place;

export const begin = (person) => {
  place = `emotrace.uploads.${person}`;
};

const read = () => {
  try {
    return JSON.parse(localStorage.getItem(place)) ?? [];
  } catch {
    return [];
  }
};

const write = (recordings) => {
  try {
    if (recordings.length) localStorage.setItem(place, JSON.stringify(recordings));
    else localStorage.removeItem(place);
  } catch {
    // Storage is full or switched off: sending works, going on after a reload does not.
  }
};

// Recordings with files that the server still has.
export const recall = () => {
  const now = Date.now();
  const alive = read().map((each) => ({
    ...each, files: each.files.filter((file) => file.address && !(Date.parse(file.expires) < now)),
  })).filter((each) => each.files.length);
  write(alive);
  return alive;
};

export const remember = (recording) => {
  write([...read().filter((each) => each.key !== recording.key), recording]);
};

export const forget = (key) => write(read().filter((each) => each.key !== key));
