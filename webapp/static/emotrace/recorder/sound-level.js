// The level of a sound as a meter shows it.

const QUIETEST_DB = -60; // below full scale, where the meter begins

/**
 * From 0 for silence to 1 for full scale, in equal steps of decibels.
 * @param {Float32Array} samples from -1 to 1
 */
export const soundLevel = (samples) => {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  return power > 0 ? Math.min(1, Math.max(0, 1 - (10 * Math.log10(power)) / QUIETEST_DB)) : 0;
};
