"""The windows of a corpus as inputs of a system, computed once and mapped from files of runs/."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import to_builtins
from numpy.typing import NDArray

from inference import front_ends
from inference.errors import InputError
from inference.front_ends.signals import FrontEnd, Images, Signals
from inference.window_images import Form, RequestedImages, WindowImages
from training.data.cache import cached, cached_rows
from training.data.corpus import SIGNAL_PARTS, Corpus, LabelledTrial
from training.data.media import LazySignals, file_identity
from training.errors import DatasetError
from training.schema.zoo import FrontEndConfig

log = logging.getLogger(__name__)
_IMAGES = ("faces", "frames")
_TOLERANCE_S = 1e-6

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class SystemWindows:
    """Windows in the order of trial and time.

    `inputs` (N, *shape) by name, images in half precision; `trial_of` (N,) is the place of each window's trial in
    `corpus.trials`, `starts_s` (N,) its start.
    """

    inputs: Mapping[str, Array]
    trial_of: NDArray[np.int64]
    starts_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.trial_of)


def system_windows(
    corpus: Corpus,
    inputs: Mapping[str, FrontEndConfig],
    shapes: Mapping[str, tuple[int, ...]],
    window_s: float,
    hop_s: float,
) -> SystemWindows:
    """Cut every trial into windows of `window_s`, `hop_s` apart, and compute those `inputs` that a system reads.

    What remains behind the last whole window of a trial is left out. Raises DatasetError, which names the trial, for
    one that is shorter than a window, lacks what a front end reads, or holds values that are no numbers, and where
    front ends do not give the `shapes` that the system reads.
    """
    if missing := sorted(set(shapes) - set(inputs)):
        raise DatasetError(f"the system reads {', '.join(missing)}, of which the configuration makes no input")
    built = {name: front_ends.build(inputs[name].kind, **inputs[name].settings) for name in shapes}
    identity = [(trial.subject, trial.name, *map(file_identity, trial.files)) for trial in corpus.trials]
    starts = _starts(corpus, identity, window_s, hop_s)
    trial_of = np.repeat(np.arange(len(starts)), [len(each) for each in starts])
    computed = {
        name: _computed(
            corpus,
            (identity, inputs[name].kind, to_builtins(front_end), window_s, hop_s),
            name,
            front_end,
            shapes[name],
            starts,
            window_s,
        )
        for name, front_end in built.items()
    }
    return SystemWindows(computed, trial_of, np.concatenate(starts))


def _starts(corpus: Corpus, identity: Sequence[Any], window_s: float, hop_s: float) -> list[NDArray[np.float64]]:
    lengths = cached("seconds", identity, lambda: {"s": np.array([t.read().seconds for t in corpus.trials])})["s"]
    for trial, seconds in zip(corpus.trials, lengths, strict=True):
        if seconds < window_s - _TOLERANCE_S:
            raise DatasetError(f"{trial.name}: lasts {seconds:.2f} s, which is shorter than a window of {window_s} s")
    return [hop_s * np.arange(1 + math.floor((seconds - window_s + _TOLERANCE_S) / hop_s)) for seconds in lengths]


def _computed(
    corpus: Corpus,
    key: Sequence[Any],
    name: str,
    front_end: FrontEnd,
    shape: tuple[int, ...],
    starts: Sequence[NDArray[np.float64]],
    window_s: float,
) -> Array:
    """The windows of an input, trial by trial; a run that was stopped resumes where it was."""
    first = np.cumsum([0, *map(len, starts)])
    trial_of = np.repeat(np.arange(len(starts)), [len(each) for each in starts])
    held: dict[int, Array] = {}

    def row(number: int) -> Array:
        trial = int(trial_of[number])
        if trial not in held:
            held.clear()
            held[trial] = _trial(corpus.trials[trial], name, front_end, shape, starts[trial], window_s)
        values: Array = held[trial][number - first[trial]]
        return values

    dtype = np.float16 if name in _IMAGES else np.float32
    return cached_rows(f"windows-{name}", (*key, shape), (len(trial_of), *shape), row, dtype)


def _trial(
    trial: LabelledTrial,
    name: str,
    front_end: FrontEnd,
    shape: tuple[int, ...],
    starts: NDArray[np.float64],
    window_s: float,
) -> Array:
    try:
        values = compute_windows(front_end, trial.read(), starts.tolist(), window_s)
    except InputError as error:
        raise DatasetError(f"{trial.name} of subject {trial.subject}: {error.message}") from error
    if values.shape[1:] != shape:
        raise DatasetError(f"{name}: the front end gives {values.shape[1:]}, the system reads {shape}")
    if not np.isfinite(values).all():
        raise DatasetError(f"{trial.name} of subject {trial.subject}: {name} holds NaN or Inf")
    return values


def compute_windows(front_end: FrontEnd, signals: Signals, starts_s: Sequence[float], window_s: float) -> Array:
    """What a front end makes of the windows of a trial (windows, ...). A video is decoded once for all of them."""
    if signals.images is None:
        return np.stack([front_end.compute(signals, start, window_s) for start in starts_s])
    requested = RequestedImages()
    values = [front_end.compute(_with_images(signals, requested), start, window_s) for start in starts_s]
    if requested.times_s:
        pictures = {form: _sampled(signals.images, form, times) for form, times in requested.times_s.items()}
        sampled = _with_images(signals, WindowImages(pictures))
        values = [front_end.compute(sampled, start, window_s) for start in starts_s]
    return np.stack(values)


def _sampled(images: Images, form: Form, times_s: Sequence[float]) -> dict[float, NDArray[np.uint8]]:
    """The image of this form at each of the times, which are sampled once."""
    times = np.unique(times_s)
    return dict(zip(times.tolist(), images.sample(times, *form), strict=True))


def _with_images(signals: Signals, images: Images) -> Signals:
    def part(name: str) -> Callable[[], Any]:
        return lambda: images if name == "images" else getattr(signals, name)

    return LazySignals(signals.seconds, **{name: part(name) for name in SIGNAL_PARTS})
