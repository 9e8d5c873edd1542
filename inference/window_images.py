"""The pictures that front ends ask for in the windows of a video, in one pass over it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.front_ends.signals import Crop, FrontEnd, Signals
from inference.media.decode import frames_at
from inference.video_images import FRAME_SIDE, STEP_S, FaceTrack, picture

_TIME_DECIMALS = 6  # of the times at which frames are taken, which windows that overlap share

Form = tuple[Crop, int]
"""The crop and the size of a picture."""


@dataclass
class RequestedImages:
    """`Images` that are all black, and remember at which times which form was asked for."""

    times_s: dict[Form, list[float]] = field(default_factory=dict)

    def sample(self, times_s: NDArray[np.float64], crop: Crop, size: int) -> NDArray[np.uint8]:
        """Black images; see `inference.front_ends.signals.Images`."""
        self.times_s.setdefault((crop, size), []).extend(times_s.tolist())
        return np.zeros((len(times_s), size, size, 3), np.uint8)


@dataclass(frozen=True)
class WindowImages:
    """`Images` that were sampled before: `pictures` by form and time."""

    pictures: Mapping[Form, Mapping[float, NDArray[np.uint8]]]

    def sample(self, times_s: NDArray[np.float64], crop: Crop, size: int) -> NDArray[np.uint8]:
        """See `inference.front_ends.signals.Images`; the times are those that were requested."""
        pictures = self.pictures[crop, size]
        return np.stack([pictures[time] for time in times_s.tolist()])


def requested_times(front_ends: Iterable[FrontEnd], window_s: float) -> dict[Form, NDArray[np.float64]]:
    """Return the rising times (N,), from a window's start, at which front ends ask for images of each form."""
    requested = RequestedImages()
    for front_end in front_ends:
        front_end.compute(Signals(window_s, images=requested), 0.0, window_s)
    return {form: np.unique(times) for form, times in requested.times_s.items()}


def window_images(
    video: Path,
    starts_s: Sequence[float],
    window_s: float,
    requested: Mapping[Form, NDArray[np.float64]],
    track: FaceTrack,
    max_pixels: float,
) -> Iterator[WindowImages]:
    """Yield the images of each window that begins at one of the rising `starts_s`, with one window in memory.

    Where no face was found, the nearest face of the window is taken; in a window without any, faces are whole frames.
    """
    starts = np.asarray(starts_s)[:, None]
    times = {form: _frame_times(form, starts, offsets, window_s, track) for form, offsets in requested.items()}
    wanted = {form: set(values.ravel().tolist()) for form, values in times.items()}
    every = sorted(set().union(*wanted.values()))
    decoded = zip(every, frames_at(video, every, FRAME_SIDE, max_pixels), strict=True)
    held: dict[Form, dict[float, NDArray[np.uint8]]] = {form: {} for form in requested}
    done = -1.0
    for row in range(len(starts_s)):
        rows = {form: values[row].tolist() for form, values in times.items()}
        last = max(max(values) for values in rows.values())
        while done < last:
            done, frame = next(decoded)
            for form, pictures in held.items():
                if done in wanted[form]:
                    pictures[done] = _picture(frame, form, done, track)
        yield WindowImages(
            {
                form: dict(zip(offsets.tolist(), (held[form][time] for time in rows[form]), strict=True))
                for form, offsets in requested.items()
            }
        )
        following = starts_s[row + 1] if row + 1 < len(starts_s) else np.inf
        for pictures in held.values():
            for time in [time for time in pictures if time < following - 10**-_TIME_DECIMALS]:
                del pictures[time]


def _frame_times(
    form: Form, starts: NDArray[np.float64], offsets: NDArray[np.float64], window_s: float, track: FaceTrack
) -> NDArray[np.float64]:
    """Times (windows, N) of the frames that show what is asked for at `offsets` (N,) from each start (windows, 1)."""
    times = starts + offsets
    if form[0] == "face":
        for row, start in zip(times, starts[:, 0], strict=True):
            within = track.within(start, start + window_s)
            if len(within.times_s):
                shown = within.times_s[within.nearest(row)]
                row[:] = np.where(np.abs(track.times_s[track.nearest(row)] - row) <= STEP_S, row, shown)
    rounded: NDArray[np.float64] = times.round(_TIME_DECIMALS)
    return rounded


def _picture(frame: np.ndarray, form: Form, time: float, track: FaceTrack) -> NDArray[np.uint8]:
    crop, size = form
    if crop == "frame" or not len(track.times_s):
        return picture(frame, None, size)
    left, top, width, height = track.boxes[track.nearest(np.array([time]))[0]].tolist()
    return picture(frame, (left, top, width, height), size)
