"""Facts of a recording, measured from its packets: headers may be wrong."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from inference.errors import Code, InputError
from inference.media.container import (
    AUDIO_CODECS,
    MAX_PIXELS,
    MAX_SIDE,
    VIDEO_CODECS,
    audio_decoder,
    audio_stream,
    open_container,
    start_s,
    video_stream,
)
from inference.media.container_structure import check_structure
from inference.media.decode import measure_mixdown
from inference.media.formats import VIDEO_FORMATS, FileFormat, detect_format, reject_polyglot
from inference.media.mixdown import FULL_SCALES, MAX_CHANNELS
from inference.media.orientation import Orientation
from inference.media.riff import TruncatedError, too_many_channels_error
from inference.media.timestamps import PacketTimestamps, check_frame_rate
from inference.types import MediaInfo

MAX_TRACKS = 32
MAX_NOT_FINITE = 0.01  # share of samples; these become silence
_MAX_SHORTFALL_S = 0.5  # between the end of the last packet and the length in the header; beyond, the file was cut
_HEADERS_WITH_DURATION = ("matroska", "avi")


def probe_video(path: Path) -> MediaInfo:
    """Return the facts of a video file after checks that it is complete and can be decoded.

    Raises InputError(MISSING_FILE | EMPTY_FILE | NOT_A_VIDEO | MIXED_FILE | TRUNCATED_VIDEO | CODEC |
    TOO_MANY_TRACKS | NO_PICTURE | ZERO_LENGTH | TOO_LARGE | CLOCK_JUMPS | JOINED_RECORDINGS | AUDIO_CHANNELS |
    AUDIO_NOT_FINITE | AUDIO_LEVEL).
    """
    _check_not_empty(path)
    kind = detect_format(path, VIDEO_FORMATS)
    if kind is None:
        raise _not_a_video_error() if detect_format(path) is None else _no_picture_error()
    try:
        _check_single_format(path, kind)
        with open_container(path) as container:
            return _probe_container(path, container)
    except TruncatedError as error:
        raise _truncated_error() from error
    except av.error.EOFError as error:
        raise _zero_length_error() from error
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise _not_a_video_error() from error


def probe_audio(path: Path) -> float:
    """Return the length of a sound file in seconds.

    Raises InputError(MISSING_FILE | EMPTY_FILE | NOT_AUDIO | MIXED_FILE | AUDIO_SIZE | CODEC | TOO_MANY_TRACKS |
    CLOCK_JUMPS | JOINED_RECORDINGS | AUDIO_CHANNELS | AUDIO_NOT_FINITE | AUDIO_LEVEL).
    """
    _check_not_empty(path)
    refusal = InputError(Code.NOT_AUDIO, "The sound file cannot be read as sound. Send a WAV file.")
    kind = detect_format(path)
    if kind is None:
        raise refusal
    try:
        _check_single_format(path, kind)
        with open_container(path) as container:
            _check_track_count(container)
            stream = audio_stream(container)
            if stream is None:
                raise refusal
            decoder = audio_decoder(path, stream)
            _check_audio_codec(decoder)
            track, clock = _PacketSpan(), PacketTimestamps(container, has_sound=True)
            for packet in container.demux(stream):
                if not track.packets:
                    decoder.decode(packet)
                track.add(packet)
                clock.add(packet)
            start = clock.start_s
            _check_sample_values(path, decoder)
    except (av.error.FFmpegError, TruncatedError) as error:
        raise refusal from error
    if track.last_s <= start:
        raise refusal
    return track.last_s - start


def sha256_file(path: Path) -> str:
    """Hex digest of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _PacketSpan:
    """Number, start and end (container time, s) of the displayed packets of one track."""

    packets: int = 0
    first_s: float = float("inf")
    last_s: float = float("-inf")

    def add(self, packet: "av.Packet[Any]") -> None:
        """Count one packet."""
        at = packet.dts if packet.pts is None else packet.pts
        # A file trimmed without re-encoding holds packets outside the cut, marked as discarded.
        if not packet.size or packet.is_discard or at is None or packet.time_base is None:
            return
        self.packets += 1
        self.first_s = min(self.first_s, float(at * packet.time_base))
        self.last_s = max(self.last_s, float((at + (packet.duration or 0)) * packet.time_base))


def _check_sample_values(path: Path, decoder: AudioCodecContext) -> None:
    if not decoder.name.startswith("pcm_f"):
        return
    mix = measure_mixdown(path)
    if mix.not_finite > MAX_NOT_FINITE:
        raise InputError(
            Code.AUDIO_NOT_FINITE,
            "The sound holds many values that are not numbers (NaN or Inf). Export it again as 16-bit WAV.",
        )
    if mix.peak > FULL_SCALES[-1]:
        raise InputError(
            Code.AUDIO_LEVEL,
            f"The sound's values run to {mix.peak:.3g}, where 1 is full scale. Export it again as 16-bit WAV.",
        )


def _probe_container(path: Path, container: InputContainer) -> MediaInfo:
    stream, audio = video_stream(container), audio_stream(container)
    _check_track_count(container)
    if not container.streams:
        raise _zero_length_error()
    if stream is None:
        raise _no_picture_error()
    _check_video_codec(stream)
    if audio is not None:
        _check_audio_codec(audio_decoder(path, audio))
    frame: av.VideoFrame | None = None
    tracks: defaultdict[int, _PacketSpan] = defaultdict(_PacketSpan)
    clock = PacketTimestamps(container, has_sound=audio is not None)
    for packet in container.demux():
        tracks[packet.stream_index].add(packet)
        if packet.stream_index == stream.index or (audio is not None and packet.stream_index == audio.index):
            clock.add(packet)
        if frame is None and packet.stream_index == stream.index:
            frame = _first_frame(stream, packet)
    _check_not_truncated(
        path, container, [stream] if audio is None else [stream, audio], max(t.last_s for t in tracks.values())
    )
    video_span = tracks[stream.index]
    audio_span = tracks[audio.index] if audio is not None else _PacketSpan()
    duration = max(video_span.last_s, audio_span.last_s) - start_s(container)
    if not video_span.packets or duration <= 0:
        raise _zero_length_error()
    if frame is None:
        raise InputError(Code.NOT_A_VIDEO, "No frame of this video can be decoded. Save it as H.264 MP4 and send that.")
    if audio is not None and audio_span.packets:
        _check_sample_values(path, audio_decoder(path, audio))
    width, height = Orientation(stream).size(frame)
    _check_size(width, height)
    fps = (
        video_span.packets / (video_span.last_s - video_span.first_s) if video_span.last_s > video_span.first_s else 0.0
    )
    check_frame_rate(fps)
    return MediaInfo(
        duration_s=duration,
        width=width,
        height=height,
        fps=fps,
        has_video=True,
        has_audio=audio_span.packets > 0,
        sha256=sha256_file(path),
    )


def _check_video_codec(stream: VideoStream) -> None:
    codec = stream.codec_context
    if codec is None or codec.codec.canonical_name not in VIDEO_CODECS:
        raise InputError(Code.CODEC, "The picture's coding is not read here. Save the video as H.264 MP4.")
    _check_size(codec.width, codec.height)


def _check_audio_codec(decoder: AudioCodecContext) -> None:
    if decoder.codec.canonical_name not in AUDIO_CODECS:
        raise InputError(Code.CODEC, "The sound's coding is not read here. Save it as AAC, or send it as WAV.")
    if (channels := decoder.channels) > MAX_CHANNELS:
        raise too_many_channels_error(channels)


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise InputError(
            Code.TOO_LARGE,
            f"The picture is {width} x {height}. Send one of at most {MAX_SIDE} pixels a side, no more than 8K.",
        )


def _check_track_count(container: InputContainer) -> None:
    if len(container.streams) > MAX_TRACKS:
        raise InputError(
            Code.TOO_MANY_TRACKS,
            f"The file has {len(container.streams)} tracks; {MAX_TRACKS} are allowed. Export picture and sound alone.",
        )


def _check_single_format(path: Path, kind: FileFormat) -> None:
    reject_polyglot(path)
    check_structure(path, kind)


def _first_frame(stream: VideoStream, packet: "av.Packet[Any]") -> av.VideoFrame | None:
    try:
        return next(iter(stream.decode(packet)), None)  # a packet may name a track of another type
    except av.error.FFmpegError:
        return None


def _check_not_truncated(path: Path, container: InputContainer, streams: list[Stream], last_s: float) -> None:
    """Raise InputError(TRUNCATED_VIDEO) if the index or the length in the header exceeds the file."""
    size = path.stat().st_size
    if any(end > size for stream in streams for end in _indexed_ends(stream)):
        raise _truncated_error()
    if container.format.name.startswith(_HEADERS_WITH_DURATION):
        claimed_s = (container.duration or 0) / av.time_base
        # The length counts from the container's 0 or from the first frame.
        if last_s < claimed_s - _MAX_SHORTFALL_S:
            raise _truncated_error()


def _indexed_ends(stream: Stream) -> Iterator[int]:
    return (entry.pos + entry.size for entry in stream.index_entries)


def _truncated_error() -> InputError:
    return InputError(Code.TRUNCATED_VIDEO, "The video file breaks off before its end. Copy or export it again.")


def _zero_length_error() -> InputError:
    return InputError(Code.ZERO_LENGTH, "The video lasts 0 seconds. Record it again or send another file.")


def _no_picture_error() -> InputError:
    return InputError(Code.NO_PICTURE, "The file has no picture track. Send a video with a picture.")


def _not_a_video_error() -> InputError:
    return InputError(
        Code.NOT_A_VIDEO, "This file is not a video that can be read. Send an MP4, MOV, MKV, WebM, AVI or MPEG file."
    )


def _check_not_empty(path: Path) -> None:
    if not path.is_file():
        raise InputError(Code.MISSING_FILE, f"There is no file {path.name}. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(Code.EMPTY_FILE, f"The file {path.name} is empty. Send it again.")
