"""Frames and sound of a recording by the time at which a player shows them, in one pass, holding none."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from inference.errors import Code, InputError
from inference.media.container import audio_decoder, audio_stream, open_container, start_s, video_stream
from inference.media.mixdown import ChannelStatistics, Mixdown, frame_samples
from inference.media.orientation import Orientation
from inference.media.timestamps import SoundTimestamps
from inference.sandbox.client import sandboxed

_MAX_DRIFT_S = (
    0.05  # sound further than this from its timestamp is moved there at once: silence is put in, or sound cut
)
_SLACK_S = 0.01  # by which sound may stray from its timestamps: containers round them
_DRIFT_CORRECTION = 0.1  # share of what it strays beyond that taken back with each frame, by stretching or squeezing it
_MAX_CORRECTION = 0.05  # of a frame's length
_MAX_OVERLAP_S = 0.5  # sound that goes back in time by more is no overlap: its timestamp is not believed
_OVERRUN_S = 1.0  # by which sound may outlast what packets said; more is not read


@sandboxed()
def frames_at(path: Path, times: Sequence[float], longest: int, most_pixels: float = math.inf) -> Iterator[np.ndarray]:
    """The frame shown at each of the rising `times` (seconds): (H, W, 3) uint8 BGR, upright.

    Every frame is decoded, in order, and only those asked for are converted, their longer
    side at most `longest` pixels. Yields exactly one for each time; before the first frame
    and after the last, that one. What cannot be decoded is passed over.
    Raises InputError(READER_CRASHED | TOO_COSTLY), and InputError(TOO_MANY_PIXELS) where its frames have grown to more
    than `most_pixels` in all.
    """
    decoded_pixels = 0
    wanted = iter(times)
    time = next(wanted, None)
    shown: np.ndarray | None = None
    with open_container(path) as container:
        stream = video_stream(container)
        assert stream is not None, "probing lets no video pass that has no picture"
        stream.thread_type = "AUTO"
        display, start = Orientation(stream), start_s(container)
        previous: av.VideoFrame | None = None
        for frame in _decode_frames(container, stream, stream.codec_context):
            decoded_pixels += frame.width * frame.height
            if decoded_pixels > most_pixels:
                raise InputError(
                    Code.TOO_MANY_PIXELS,
                    "The picture grows in mid-recording to more than is read. Export the video at one size, such as "
                    "1920 x 1080.",
                )
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
def measure_mixdown(path: Path) -> Mixdown:
    """How the channels of a sound track become the voice that `sound` gives. Reads the whole track.

    Raises InputError(CLOCK_JUMPS | READER_CRASHED | TOO_COSTLY).
    """
    clock = SoundTimestamps()
    found = _survey_channels(path, clock)
    clock.check()
    return found


def _survey_channels(path: Path, clock: SoundTimestamps) -> Mixdown:
    survey = ChannelStatistics()
    with open_container(path) as container:
        stream = audio_stream(container)
        assert stream is not None, "probing finds the sound"
        decoder = audio_decoder(path, stream)
        for frame in _decode_frames(container, stream, decoder):
            clock.add(frame)
            survey.add(frame_samples(frame), frame.sample_rate)
        return survey.mixdown(floats=decoder.name.startswith("pcm_f"))


@sandboxed()
def decode_audio(
    path: Path, sample_rate: int, seconds: float = math.inf, mix: Mixdown | None = None
) -> Iterator[np.ndarray]:
    """The voice as mono float32 chunks at `sample_rate`, from a player's time 0, about as long as `seconds`.

    Sound lies where its timestamps say: a track that starts late is led in by zeros, a hole is filled with them, and
    where timestamps and samples drift apart the samples follow. What cannot be decoded is passed over. `mix` is
    `mixdown(path)` where that is known. Raises InputError(READER_CRASHED | TOO_COSTLY).
    """
    most = (seconds + _OVERRUN_S) * sample_rate
    mix = mix or _survey_channels(path, SoundTimestamps())
    with open_container(path) as container:
        stream = audio_stream(container)
        assert stream is not None, "probing finds the sound"
        start, done = start_s(container), 0
        resampler, rate = _resampler(sample_rate), None
        for frame in _decode_frames(container, stream, audio_decoder(path, stream)):
            if done > most:
                return
            if rate is not None and rate != frame.sample_rate:  # a resampler takes one rate only
                resampler = _resampler(sample_rate)
            rate = frame.sample_rate
            strayed = 0 if frame.time is None else done - round((frame.time - start) * sample_rate)
            if strayed > _MAX_OVERLAP_S * sample_rate:
                strayed = 0
            if strayed < -_MAX_DRIFT_S * sample_rate:
                missing = int(min(-strayed, most))
                yield from _silence(missing, sample_rate)
                done, strayed = done + missing, strayed + missing
            for piece in resampler.resample(_mono_frame(mix(frame_samples(frame)), rate)):
                chunk = _resynchronise(piece.to_ndarray()[0], strayed, sample_rate)
                strayed -= piece.samples - len(chunk)
                done += len(chunk)
                yield chunk
        for piece in resampler.resample(None):
            yield piece.to_ndarray()[0]


def _mono_frame(samples: np.ndarray, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
    frame.sample_rate = rate
    return frame


def _resynchronise(chunk: np.ndarray, strayed: int, sample_rate: int) -> np.ndarray:
    """A chunk that would end `strayed` samples later (earlier, if negative) than it should, brought nearer to it."""
    if strayed > _MAX_DRIFT_S * sample_rate:
        return chunk[strayed:]
    if abs(strayed) <= _SLACK_S * sample_rate:
        return chunk
    most = _MAX_CORRECTION * len(chunk)
    length = len(chunk) - round(min(most, max(-most, _DRIFT_CORRECTION * strayed)))
    return np.interp(np.linspace(0, len(chunk) - 1, length), np.arange(len(chunk)), chunk).astype(np.float32)


def _decode_frames(
    container: InputContainer, stream: VideoStream | AudioStream, decoder: VideoCodecContext | AudioCodecContext
) -> Iterator[Any]:
    """The frames of a track, in order. What cannot be decoded is passed over; what cannot be read ends it."""
    packets = container.demux(stream)
    while True:
        try:
            frames = decoder.decode(next(packets))
        except StopIteration:
            return
        except av.error.FFmpegError:
            continue
        yield from frames


def _resampler(sample_rate: int) -> AudioResampler:
    return AudioResampler(format="flt", layout="mono", rate=sample_rate)


def _silence(samples: int, longest: int) -> Iterator[np.ndarray]:
    for done in range(0, samples, longest):
        yield np.zeros(min(longest, samples - done), dtype=np.float32)
