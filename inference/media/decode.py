"""Frames and sound of a recording by the time at which a player shows them, in one pass, holding none."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler

from inference.media.container import opened, picture, start_s

_GAP_S = 0.05  # a hole in the sound longer than this is filled with silence


def frames_at(path: Path, times: Sequence[float], longest: int) -> Iterator[np.ndarray]:
    """The frame shown at each of the rising `times` (seconds): (H, W, 3) uint8 BGR, upright.

    Every frame is decoded, in order, and only those asked for are converted, their longer
    side at most `longest` pixels. Yields exactly one for each time; before the first frame
    and after the last, that one. What cannot be decoded is passed over.
    """
    wanted = iter(times)
    time = next(wanted, None)
    shown: np.ndarray | None = None
    with opened(path) as container:
        start = start_s(container)
        previous: av.VideoFrame | None = None
        for frame in _frames(container):
            assert frame.time is not None
            while time is not None and time < frame.time - start:
                if shown is None:
                    shown = _upright(previous or frame, longest)
                yield shown
                time = next(wanted, None)
            if time is None:
                return
            previous, shown = frame, None
        if previous is not None:
            shown = _upright(previous, longest)
    while time is not None:
        assert shown is not None, "probing lets no video pass that has no frame"
        yield shown
        time = next(wanted, None)


def _frames(container: "av.container.InputContainer") -> Iterator["av.VideoFrame"]:
    stream = picture(container)
    assert stream is not None
    stream.thread_type = "AUTO"
    for packet in container.demux(stream):
        try:
            decoded = packet.decode()
        except av.error.FFmpegError:
            continue
        for frame in decoded:
            if frame.pts is not None:
                yield frame


def _upright(frame: "av.VideoFrame", longest: int) -> np.ndarray:
    scale = min(1.0, longest / max(frame.width, frame.height))
    width, height = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    pixels = frame.to_ndarray(format="bgr24", width=width, height=height)
    return np.ascontiguousarray(np.rot90(pixels, frame.rotation // 90))


def sound(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """The sound track as mono float32 chunks at `sample_rate`, from a player's time 0.

    A track that starts late is led in by zeros, a hole is filled with them.
    """
    with opened(path) as container:
        start, done = start_s(container), 0
        resampler = AudioResampler(format="flt", layout="mono", rate=sample_rate)
        for packet in container.demux(container.streams.audio[0]):
            try:
                decoded = packet.decode()
            except av.error.FFmpegError:
                continue
            for frame in decoded:
                due = round((frame.time - start) * sample_rate) if frame.time is not None else done
                if due - done > _GAP_S * sample_rate:
                    yield np.zeros(due - done, dtype=np.float32)
                    done = due
                for piece in resampler.resample(frame):
                    chunk = piece.to_ndarray()[0]
                    done += len(chunk)
                    yield chunk
        for piece in resampler.resample(None):
            yield piece.to_ndarray()[0]
