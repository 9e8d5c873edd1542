"""The mix of a sound track's channels to one voice."""

from dataclasses import dataclass

import av
import numpy as np

MAX_CHANNELS = 64
VOICE_BAND_HZ = (100.0, 4000.0)
_BLOCK_S = 0.032
_MIN_SPREAD_DB = 4.0  # between quiet and loud blocks of a channel; hum and noise vary less, a voice more
_MAX_BELOW_LOUDEST_DB = 20.0  # a quieter channel carries no voice
_INVERTED_CORRELATION = -0.5  # correlation with the loudest channel below which a channel counts as inverted
_MAX_OVERDRIVE = 32.0  # peak of floats up to which they are an overdriven mix, +30 dB; beyond, unscaled integers
FULL_SCALES = (2.0**15, 2.0**23, 2.0**31)  # of 16, 24 and 32-bit integers
_HEADROOM = 0.9  # of full scale, for lossy coding
_LEVELS_DB = np.arange(-200.0, 300.0)  # edges of the histogram of block levels


@dataclass(frozen=True)
class Mix:
    """A mix of len(weights) channels to mono: the sum of weight * (sample - offset)."""

    weights: tuple[float, ...]
    offsets: tuple[float, ...]

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Mix (channels, n) float32 to (n,) float32; samples that are not finite become silence."""
        centred = samples - np.array(self.offsets, np.float32)[:, None]
        if not np.isfinite(centred).all():
            centred = np.nan_to_num(centred, nan=0.0, posinf=0.0, neginf=0.0)
        return np.array(self.weights, np.float32) @ centred


@dataclass(frozen=True)
class Mixdown:
    """A mix for each number of channels of a track: broadcasts change between stereo and surround.

    `peak` is the largest sample as a multiple of full scale, `not_finite` the share of samples that are not finite.
    """

    mixes: tuple[Mix, ...]
    peak: float
    not_finite: float

    @property
    def is_playable(self) -> bool:
        """Whether every sample is finite and within full scale."""
        return self.peak <= 1.0 and not self.not_finite

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Mix (channels, n) float32 to (n,) float32."""
        mix = next((mix for mix in self.mixes if len(mix.weights) == len(samples)), None)
        return mix(samples) if mix else np.nan_to_num(samples.mean(axis=0))


def frame_samples(frame: av.AudioFrame) -> np.ndarray:
    """Return a frame's samples, (channels, n) float32; 1.0 is full scale for integers, floats stay as stored."""
    values: np.ndarray = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128) / 128
    if values.dtype.kind == "i":
        return (values / -float(np.iinfo(values.dtype).min)).astype(np.float32)
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


class ChannelStatistics:
    """Statistics of the channels of a track, from which the mix is chosen."""

    def __init__(self) -> None:
        self._layouts: dict[int, _BlockSums] = {}
        self._peak = 0.0
        self._whole_numbers = True
        self._samples = self._not_finite = 0
        self._pieces: list[np.ndarray] = []  # less than a second of one number of channels and one rate
        self._rate = 0

    def add(self, samples: np.ndarray, rate: int) -> None:
        """Add samples (channels, n) float32 at `rate` Hz."""
        if self._pieces and (len(samples) != len(self._pieces[0]) or rate != self._rate):
            self._measure()
        self._pieces.append(samples)
        self._rate = rate
        if sum(piece.shape[1] for piece in self._pieces) >= rate:
            self._measure()

    def _measure(self) -> None:
        samples = np.concatenate(self._pieces, axis=1)
        self._pieces.clear()
        finite = np.isfinite(samples)
        bad = samples.size - int(finite.sum())
        if bad:
            samples = np.where(finite, samples, 0)
        self._samples += samples.size
        self._not_finite += bad
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))
        if self._whole_numbers:
            self._whole_numbers = bool((samples == np.round(samples)).all())
        self._layouts.setdefault(len(samples), _BlockSums(len(samples))).add(samples, self._rate)

    def mixdown(self, *, floats: bool) -> Mixdown:
        """Choose the mix. `floats` says that the track is floating-point PCM, which may exceed full scale."""
        if self._pieces:
            self._measure()
        full_scale = self._full_scale() if floats else 1.0
        mixes = tuple(layout.mix(1 / full_scale) for layout in self._layouts.values())
        return Mixdown(mixes, self._peak, self._not_finite / max(1, self._samples))

    def _full_scale(self) -> float:
        if self._peak <= 1.0:
            return 1.0
        if self._peak <= _MAX_OVERDRIVE and not self._whole_numbers:
            return self._peak / _HEADROOM
        return next((scale for scale in FULL_SCALES if self._peak <= scale), self._peak)


class _BlockSums:
    """Sums over blocks of sound with one number of channels."""

    def __init__(self, channels: int) -> None:
        self._rest = np.zeros((channels, 0), np.float32)
        self._total = np.zeros(channels)
        self._count = 0
        self._products = np.zeros((channels, channels))  # of the channels within the voice band
        self._levels = np.zeros((channels, len(_LEVELS_DB) + 1), np.int64)

    def add(self, samples: np.ndarray, rate: int) -> None:
        """Add samples (channels, n) at `rate` Hz."""
        self._total += samples.sum(axis=1, dtype=np.float64)
        self._count += samples.shape[1]
        length = max(2, round(_BLOCK_S * rate))
        held = np.concatenate((self._rest, samples), axis=1)
        whole = held.shape[1] // length * length
        self._rest = held[:, whole:]
        bins = np.fft.rfftfreq(length, 1 / rate)
        band = (bins >= VOICE_BAND_HZ[0]) & (bins <= VOICE_BAND_HZ[1])
        blocks = held[:, :whole].reshape(len(samples), -1, length).astype(np.float64)  # squares of large floats fit
        spectra = np.fft.rfft(blocks, axis=2)[:, :, band] / length
        flat = spectra.reshape(len(samples), -1)
        self._products += (flat @ flat.conj().T).real
        levels = 10 * np.log10((np.abs(spectra) ** 2).sum(axis=2) + 1e-20)
        for counts, row in zip(self._levels, levels, strict=True):
            np.add.at(counts, np.digitize(row, _LEVELS_DB), 1)

    def mix(self, scale: float) -> Mix:
        """Return the mean of the voice channels, multiplied by `scale`."""
        powers = self._products.diagonal()
        chosen = self._voices(powers)
        loudest = int(np.argmax(np.where(chosen, powers, -1)))
        norm = np.sqrt(powers * powers[loudest])
        correlation = np.divide(self._products[loudest], norm, out=np.zeros_like(norm), where=norm > 0)
        signs = np.where(correlation < _INVERTED_CORRELATION, -1.0, 1.0)
        weights = np.where(chosen, signs / chosen.sum(), 0.0) * scale
        offsets = self._total / max(1, self._count)
        return Mix(tuple(weights.tolist()), tuple(offsets.tolist()))

    def _voices(self, powers: np.ndarray) -> np.ndarray:
        """Return the channels (channels,) bool that carry the voice: not steady, not far below the loudest."""
        if not powers.any():
            return np.ones(len(powers), dtype=bool)
        varied = np.array([_level_spread(counts) >= _MIN_SPREAD_DB for counts in self._levels]) & (powers > 0)
        if not varied.any():
            varied = powers > 0
        loud: np.ndarray = varied & (powers >= powers[varied].max() * 10 ** (-_MAX_BELOW_LOUDEST_DB / 10))
        return loud


def _level_spread(counts: np.ndarray) -> float:
    """Return the distance of the 10th and the 95th percentile of a histogram of levels, to 1 dB."""
    shares = np.cumsum(counts) / max(1, counts.sum())
    return float(np.searchsorted(shares, 0.95) - np.searchsorted(shares, 0.10))
