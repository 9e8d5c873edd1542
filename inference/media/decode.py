"""Frames and sound of a recording by the time at which a player shows them, in one pass, holding none."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from inference.media.container import opened, picture, start_s, voice
from inference.media.display import Display
from inference.sandbox.calls import sandboxed

_GAP_S = 0.05  # a hole in the sound longer than this is filled with silence
_BEYOND_S = 1.0  # by which sound may outlast what packets said; more is not read


@sandboxed()
def frames_at(path: Path, times: Sequence[float], longest: int) -> Iterator[np.ndarray]:
    """The frame shown at each of the rising `times` (seconds): (H, W, 3) uint8 BGR, upright.

    Every frame is decoded, in order, and only those asked for are converted, their longer
    side at most `longest` pixels. Yields exactly one for each time; before the first frame
    and after the last, that one. What cannot be decoded is passed over.
    Raises InputError(READER_CRASHED | TOO_COSTLY).
    """
    wanted = iter(times)
    time = next(wanted, None)
    shown: np.ndarray | None = None
    with opened(path) as container:
        stream = picture(container)
        assert stream is not None, "probing lets no video pass that has no picture"
        stream.thread_type = "AUTO"
        display, start = Display(stream), start_s(container)
        previous: av.VideoFrame | None = None
        for frame in _decoded(container, stream):
            if frame.time is None:
                continue
            while time is not None and time < frame.time - start:
                if shown is None:
                    shown = display.pixels(previous or frame, longest)
                yield shown
                time = next(wanted, None)
            if time is None:
                return
            previous, shown = frame, None
        assert previous is not None, "probing lets no video pass that has no frame"
        shown = display.pixels(previous, longest)
    while time is not None:
        yield shown
        time = next(wanted, None)


@sandboxed()
def sound(path: Path, sample_rate: int, seconds: float = math.inf) -> Iterator[np.ndarray]:
    """The sound track as mono float32 chunks at `sample_rate`, from a player's time 0, about as long as `seconds`.

    A track that starts late is led in by zeros, a hole is filled with them. What cannot be
    decoded is passed over. Raises InputError(READER_CRASHED | TOO_COSTLY).
    """
    most = (seconds + _BEYOND_S) * sample_rate
    with opened(path) as container:
        stream = voice(container)
        assert stream is not None, "probing finds the sound"
        start, done = start_s(container), 0
        resampler, shape = _resampler(sample_rate), None
        for frame in _decoded(container, stream):
            if done > most:
                return
            if shape is not None and shape != _shape(frame):
                # Broadcasts change between stereo and surround; a resampler takes one shape only.
                resampler = _resampler(sample_rate)
            shape = _shape(frame)
            missing = 0 if frame.time is None else round((frame.time - start) * sample_rate) - done
            if missing > _GAP_S * sample_rate:
                missing = int(min(missing, most))
                yield from _silence(missing, sample_rate)
                done += missing
            for piece in resampler.resample(frame):
                chunk = piece.to_ndarray()[0]
                done += len(chunk)
                yield chunk
        for piece in resampler.resample(None):
            yield piece.to_ndarray()[0]


def _decoded(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[Any]:
    """The frames of a track, in order. What cannot be decoded is passed over; what cannot be read ends it."""
    packets = container.demux(stream)
    while True:
        try:
            frames = stream.decode(next(packets))
        except StopIteration:
            return
        except av.error.FFmpegError:
            continue
        yield from frames


def _resampler(sample_rate: int) -> AudioResampler:
    return AudioResampler(format="flt", layout="mono", rate=sample_rate)


def _shape(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _silence(samples: int, longest: int) -> Iterator[np.ndarray]:
    for done in range(0, samples, longest):
        yield np.zeros(min(longest, samples - done), dtype=np.float32)
