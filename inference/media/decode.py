"""Frames and sound of a recording by presentation time, decoded in one pass without buffering."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from inference.errors import Code, InputError
from inference.media.container import audio_decoder, audio_stream, open_container, start_s, video_stream
from inference.media.keyframes import from_keyframe
from inference.media.mixdown import ChannelStatistics, Mixdown, frame_samples
from inference.media.needed_packets import needed_packets
from inference.media.orientation import Orientation
from inference.media.resampling import TimedResampler
from inference.media.timestamps import SoundTimestamps
from inference.sandbox import client as sandbox
from inference.sandbox.client import sandboxed

# Codecs whose decoders tell frames that no other frame refers to.
_CODECS_WITH_DISPOSABLE_FRAMES = ("h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4")
_OVERRUN_S = 1.0  # of sound decoded beyond the length of the packets
_PASSED_OVER_BYTES = 20e6  # a second, of a file that is read up to the first requested frame
_DECODED_BYTES = 2e6  # a second, of a file whose whole sound is decoded: two hours of AAC take 20 CPU seconds


def _first_frame_timeout_s(path: Path, times: Sequence[float], *_: object, **__: object) -> float:
    """Return the seconds that a frame may take: before the first one, the file is read up to it."""
    passed_over = path.stat().st_size if path.is_file() and times[0] > sandbox.TIMEOUT_S else 0
    return sandbox.TIMEOUT_S + passed_over / _PASSED_OVER_BYTES


def whole_sound_timeout_s(path: Path) -> float:
    """Return the seconds that decoding the whole sound of a file may take."""
    return sandbox.TIMEOUT_S + (path.stat().st_size / _DECODED_BYTES if path.is_file() else 0.0)


@sandboxed(timeout=_first_frame_timeout_s)
def frames_at(path: Path, times: Sequence[float], max_side: int, max_pixels: float = math.inf) -> Iterator[np.ndarray]:
    """Yield the frame at each of the rising `times` (seconds): (H, W, 3) uint8 BGR, upright.

    Frames are decoded in order from the keyframe before the first time on, without those that neither are requested
    nor help to decode others. Only the requested ones are converted, their longer side at most `max_side` pixels.
    Before the first and after the last frame, that frame is repeated. Frames that cannot be decoded are skipped. Raises
    InputError(READER_CRASHED | TOO_COSTLY), and InputError(TOO_MANY_PIXELS) where the decoded frames have more than
    `max_pixels` in all.
    """
    decoded_pixels = 0
    remaining = iter(times)
    time = next(remaining, None)
    image: np.ndarray | None = None
    with open_container(path) as container:
        stream = video_stream(container)
        assert stream is not None, "probing lets no video pass that has no picture"
        stream.thread_type = "AUTO"
        orientation, start = Orientation(stream), start_s(container)
        previous: av.VideoFrame | None = None
        for frame in _decode_needed(container, stream, times, start):
            decoded_pixels += frame.width * frame.height
            if decoded_pixels > max_pixels:
                raise InputError(
                    Code.TOO_MANY_PIXELS,
                    "The picture grows in mid-recording to more than is read. Export the video at one size, such as "
                    "1920 x 1080.",
                )
            if frame.time is None:
                continue
            while time is not None and time < frame.time - start:
                if image is None:
                    image = orientation.pixels(previous or frame, max_side)
                yield image
                time = next(remaining, None)
            if time is None:
                return
            previous, image = frame, None
        assert previous is not None, "probing lets no video pass that has no frame"
        image = orientation.pixels(previous, max_side)
    while time is not None:
        yield image
        time = next(remaining, None)


@sandboxed(timeout=whole_sound_timeout_s)
def measure_mixdown(path: Path) -> Mixdown:
    """Decode the whole audio track and choose how its channels are mixed to one voice.

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
def audio_rate(path: Path) -> int:
    """Return the sampling rate of the first audio track, Hz. Raises InputError(NOT_AUDIO) where there is none."""
    with open_container(path) as container:
        stream = audio_stream(container)
        if stream is None:
            raise InputError(Code.NOT_AUDIO, "The file has no sound.")
        return stream.codec_context.sample_rate


@sandboxed()
def decode_audio(
    path: Path, sample_rate: int, seconds: float = math.inf, mix: Mixdown | None = None
) -> Iterator[np.ndarray]:
    """Yield the voice as mono float32 chunks at `sample_rate`, from a player's time 0, about as long as `seconds`.

    The sound follows its timestamps: zeros fill a late start and gaps, and drift between timestamps and samples is
    corrected. Frames that cannot be decoded are skipped. `mix` is `measure_mixdown(path)` where that is known.
    Raises InputError(READER_CRASHED | TOO_COSTLY).
    """
    max_samples = (seconds + _OVERRUN_S) * sample_rate
    mix = mix or _survey_channels(path, SoundTimestamps())
    with open_container(path) as container:
        stream = audio_stream(container)
        assert stream is not None, "probing finds the sound"
        start = start_s(container)
        resampler = TimedResampler(sample_rate, mix, max_samples)
        for frame in _decode_frames(container, stream, audio_decoder(path, stream)):
            if resampler.samples > max_samples:
                break
            time_s = None if frame.time is None else frame.time - start
            yield from resampler.add(frame_samples(frame), frame.sample_rate, time_s)
        yield from resampler.finish()


def _decode_needed(
    container: InputContainer, stream: VideoStream, times: Sequence[float], start: float
) -> Iterator[Any]:
    """Yield the frames that are shown at `times`, and those that are decoded on the way, in order."""
    decoder = stream.codec_context
    may_skip = decoder.codec.canonical_name in _CODECS_WITH_DISPOSABLE_FRAMES
    skips = False
    packets = from_keyframe(_read_packets(container, stream), times[0], start)
    for packet, needed in needed_packets(packets, times, start):
        if decoder.codec.intra_only and not needed:
            continue
        decoder.skip_frame = "NONREF" if skips and not needed else "DEFAULT"
        for frame in _decode_packet(decoder, packet):
            may_skip = may_skip and not frame.interlaced_frame  # a packet may hold one of the two fields of a frame
            skips = may_skip
            yield frame


def _decode_frames(
    container: InputContainer, stream: AudioStream, decoder: AudioCodecContext
) -> Iterator[av.AudioFrame]:
    """Yield the frames of a sound track, in order."""
    for packet in _read_packets(container, stream):
        yield from _decode_packet(decoder, packet)


def _read_packets(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator["av.Packet[Any]"]:
    """Yield the packets of a track; a read error ends it."""
    with suppress(av.error.FFmpegError):
        yield from container.demux(stream)


def _decode_packet(decoder: VideoCodecContext | AudioCodecContext, packet: "av.Packet[Any]") -> list[Any]:
    """Return the frames that the decoder has ready behind a packet; none behind one that it cannot decode."""
    try:
        return list(decoder.decode(packet))
    except av.error.FFmpegError:
        return []
