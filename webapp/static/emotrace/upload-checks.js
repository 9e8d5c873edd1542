// What can be told of a file before a byte of it is sent. Each check gives what is wrong and what to do, or "".
const KINDS = {
  video: ["mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg"],
  audio: ["wav", "wave"],
  eeg: ["mat"],
};
const TOLERANCE_S = 0.5; // by which sound may differ from the video
const PATIENCE_MS = 15_000;

export const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

export const extension = (name) => name.split(".").at(-1).toLowerCase();

// "video", "audio" or "eeg"; null for what nobody reads.
export const kindOf = (file) =>
  Object.keys(KINDS).find((kind) => KINDS[kind].includes(extension(file.name))) ??
  (["video", "audio"].find((kind) => file.type.startsWith(`${kind}/`)) ?? null);

// What files of one recording have in common: p01 of p01.mp4, p01.wav and p01_eeg.mat.
export const stem = (name) => name.replace(/\.[^.]*$/, "").replace(/[ _-](eeg|audio|voice|sound|video)$/i, "").toLowerCase();

const view = async (file, start, size) => new DataView(await file.slice(start, start + size).arrayBuffer());
const word = (bytes, at) => (at + 4 <= bytes.byteLength ? String.fromCharCode(...[0, 1, 2, 3].map((i) => bytes.getUint8(at + i))) : "");

// {problem, seconds}: `seconds` is null where the browser cannot tell. Throws where the file cannot be read at all.
export const check = async (kind, file, limits) => {
  if (file.size === 0) return { problem: `${file.name} is empty. Copy or export it again.`, seconds: null };
  if (file.size > limits.bytes) {
    const problem = `${file.name} has ${mega(file.size)}; at most ${mega(limits.bytes)} are read. Choose a shorter one.`;
    return { problem, seconds: null };
  }
  const found = await { video: checkVideo, audio: checkSound, eeg: checkEeg }[kind](file);
  if (found.seconds > limits.seconds) {
    const minutes = (seconds) => Math.round(seconds / 60);
    found.problem = `${file.name} lasts ${minutes(found.seconds)} minutes; ${minutes(limits.seconds)} are allowed. Cut it.`;
  }
  return found;
};

// What is wrong with sound beside its video; "" where one of the lengths (seconds) is not known.
export const differ = (sound, video) =>
  sound !== null && video !== null && Math.abs(sound - video) > TOLERANCE_S
    ? `The sound lasts ${sound.toFixed(1)} s and the video ${video.toFixed(1)} s. Cut them to the same length.`
    : "";

const checkVideo = async (file) => {
  const head = await view(file, 0, 12);
  const start = word(head, 0);
  const mpeg4 = ["ftyp", "moov", "mdat", "wide", "free", "skip"].includes(word(head, 4));
  const known = mpeg4 || start === "\x1aE\xdf\xa3" || (start === "RIFF" && word(head, 8) === "AVI ")
    || start === "\0\0\x01\xba" || start === "\0\0\x01\xb3" || start[0] === "G";
  if (!known) {
    return { problem: `${file.name} is no video that can be read. Choose an MP4, MOV, MKV, WebM, AVI or MPEG file.`, seconds: null };
  }
  if (mpeg4 && !(await whole(file))) {
    return { problem: `${file.name} breaks off before its end. Copy or export it again.`, seconds: null };
  }
  return { problem: "", seconds: await played("video", file) };
};

// Whether all boxes of an MP4 are there, the one that describes it among them.
const whole = async (file) => {
  let described = false;
  for (let at = 0; at < file.size;) {
    const head = await view(file, at, 16);
    if (head.byteLength < 8) return described;
    let size = head.getUint32(0);
    if (size === 1 && head.byteLength === 16) size = Number(head.getBigUint64(8));
    if (size === 0) size = file.size - at;
    if (size < 8 || at + size > file.size) return false;
    described ||= word(head, 4) === "moov";
    at += size;
  }
  return described;
};

const checkSound = async (file) => {
  const head = await view(file, 0, 12);
  const wave = ["RIFF", "RF64"].includes(word(head, 0)) && word(head, 8) === "WAVE";
  if (wave) return { problem: "", seconds: await waveSeconds(file) };
  if (KINDS.audio.includes(extension(file.name))) {
    return { problem: `${file.name} is no WAV file. Save the sound as WAV and choose that.`, seconds: null };
  }
  return { problem: "", seconds: await played("audio", file) };
};

// The length that a WAV's header gives, or null.
const waveSeconds = async (file) => {
  let bytesASecond = null;
  for (let at = 12; at + 8 <= file.size;) {
    const head = await view(file, at, 24);
    const size = head.getUint32(4, true);
    if (word(head, 0) === "fmt " && head.byteLength >= 20) bytesASecond = head.getUint32(16, true);
    if (word(head, 0) === "data") return bytesASecond ? Math.min(size, file.size - at - 8) / bytesASecond : null;
    at += 8 + size + (size % 2);
  }
  return null;
};

const checkEeg = async (file) => {
  const head = await view(file, 0, 520);
  const hdf5 = [0, 512].some((at) => word(head, at) === "\x89HDF");
  const problem = hdf5 || word(head, 0) === "MATL"
    ? "" : `${file.name} is no MAT file (version 5 to 7.3). Save it again from MATLAB.`;
  return { problem, seconds: null };
};

// Seconds, from the browser's own player; null for what it cannot play, which the server may read all the same.
const played = (tag, file) => new Promise((done) => {
  const player = document.createElement(tag);
  const address = URL.createObjectURL(file);
  const end = () => {
    clearTimeout(patience);
    const seconds = Number.isFinite(player.duration) ? player.duration : null;
    player.removeAttribute("src");
    URL.revokeObjectURL(address);
    done(seconds);
  };
  const patience = setTimeout(end, PATIENCE_MS);
  player.preload = "metadata";
  player.onloadedmetadata = player.onerror = end;
  player.src = address;
});
