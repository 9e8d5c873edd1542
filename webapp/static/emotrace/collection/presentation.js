// Shows stimuli one after another and notes when each was there.

/**
 * @typedef {{id: string, name: string, length_s: number, medium: "none" | "video" | "picture", file: string | null}}
 *   Stimulus `file` is the address of a video or picture
 * @typedef {{stimulus: string, start_s: number, end_s: number}} Shown seconds from the start of the recording
 * @typedef {object} Stage
 * @property {(stimulus: Stimulus) => Promise<void>} prepare what takes time, during a pause
 * @property {(stimulus: Stimulus, onStart: (ago: number) => void) => Promise<void>} play until the
 *   stimulus has ended; `onStart` is told how many seconds ago it began
 * @property {() => Promise<void>} pause a second of nothing to look at
 */

/**
 * Throws what the stage throws.
 * @param {Stimulus[]} stimuli
 * @param {Stage} stage
 * @param {() => number} clock seconds since the start of the recording
 * @param {(shown: Shown[]) => void} [onShown] called after each stimulus with those shown so far
 */
export const present = async (stimuli, stage, clock, onShown = () => {}) => {
  /** @type {Shown[]} */
  const shown = [];
  for (const stimulus of stimuli) {
    await Promise.all([stage.pause(), stage.prepare(stimulus)]);
    let start = clock();
    await stage.play(stimulus, (ago) => {
      start = clock() - ago;
    });
    shown.push({ stimulus: stimulus.id, start_s: start, end_s: clock() });
    onShown([...shown]);
  }
  await stage.pause();
  return shown;
};
