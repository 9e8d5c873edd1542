"""What a recording is: read from its packets, not from what its header claims."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from inference.errors import Code, InputError
from inference.media.clock import PacketClock, check_rate
from inference.media.container import (
    MAX_PIXELS,
    MAX_SIDE,
    PICTURES,
    VOICES,
    opened,
    picture,
    start_s,
    voice,
    voice_decoder,
)
from inference.media.decode import mixdown
from inference.media.display import Display
from inference.media.kinds import VIDEOS, Kind, check_alone, kind_of
from inference.media.layout import check_layout
from inference.media.mixdown import FULL_SCALES, MAX_CHANNELS
from inference.media.riff import CutShortError, too_many_channels
from inference.types import MediaInfo

MAX_TRACKS = 32
MOST_NOT_FINITE = 0.01  # share of samples that are no numbers and pass for silence
_SHORTFALL_S = 0.5  # a header that promises more than this beyond the last packet: the file was cut
_HEADERS_WITH_DURATION = ("matroska", "avi")


def probe_video(path: Path) -> MediaInfo:
    """Read a video file's facts and make sure that it is whole and can be decoded.

    Raises InputError(MISSING_FILE | EMPTY_FILE | NOT_A_VIDEO | MIXED_FILE | TRUNCATED_VIDEO | CODEC |
    TOO_MANY_TRACKS | NO_PICTURE | ZERO_LENGTH | TOO_LARGE | CLOCK_JUMPS | JOINED_RECORDINGS | AUDIO_CHANNELS |
    AUDIO_NOT_FINITE | AUDIO_LEVEL).
    """
    _not_empty(path)
    kind = kind_of(path, VIDEOS)
    if kind is None:
        raise _not_a_video() if kind_of(path) is None else _no_picture()
    try:
        _nothing_else(path, kind)
        with opened(path) as container:
            return _video_facts(path, container)
    except CutShortError as error:
        raise _truncated() from error
    except av.error.EOFError as error:
        raise _no_frames() from error
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise _not_a_video() from error


def probe_audio(path: Path) -> float:
    """The length in seconds of a sound file.

    Raises InputError(MISSING_FILE | EMPTY_FILE | NOT_AUDIO | MIXED_FILE | AUDIO_SIZE | CODEC | TOO_MANY_TRACKS |
    CLOCK_JUMPS | JOINED_RECORDINGS | AUDIO_CHANNELS | AUDIO_NOT_FINITE | AUDIO_LEVEL).
    """
    _not_empty(path)
    refusal = InputError(Code.NOT_AUDIO, "The sound file cannot be read as sound. Send a WAV file.")
    kind = kind_of(path)
    if kind is None:
        raise refusal
    try:
        _nothing_else(path, kind)
        with opened(path) as container:
            _not_too_many(container)
            stream = voice(container)
            if stream is None:
                raise refusal
            decoder = voice_decoder(path, stream)
            _can_be_heard(decoder)
            track, clock = _Track(), PacketClock(container, has_sound=True)
            for packet in container.demux(stream):
                if not track.packets:
                    decoder.decode(packet)
                track.add(packet)
                clock.add(packet)
            start = clock.start_s
            _can_be_mixed(path, decoder)
    except (av.error.FFmpegError, CutShortError) as error:
        raise refusal from error
    if track.last_s <= start:
        raise refusal
    return track.last_s - start


def sha256(path: Path) -> str:
    """Hex digest of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _Track:
    """What the packets of one track say: how many are shown, and from when to when on the container's clock."""

    packets: int = 0
    first_s: float = float("inf")
    last_s: float = float("-inf")

    def add(self, packet: av.Packet) -> None:
        at = packet.dts if packet.pts is None else packet.pts
        # A file that was trimmed without coding it again still holds what lies outside the cut, marked as not shown.
        if not packet.size or packet.is_discard or at is None or packet.time_base is None:
            return
        self.packets += 1
        self.first_s = min(self.first_s, float(at * packet.time_base))
        self.last_s = max(self.last_s, float((at + (packet.duration or 0)) * packet.time_base))


def _can_be_mixed(path: Path, decoder: AudioCodecContext) -> None:
    if not decoder.name.startswith("pcm_f"):
        return
    found = mixdown(path)
    if found.not_finite > MOST_NOT_FINITE:
        raise InputError(
            Code.AUDIO_NOT_FINITE,
            "The sound holds many values that are not numbers (NaN or Inf). Export it again as 16-bit WAV.",
        )
    if found.peak > FULL_SCALES[-1]:
        raise InputError(
            Code.AUDIO_LEVEL,
            f"The sound's values run to {found.peak:.3g}, where 1 is full scale. Export it again as 16-bit WAV.",
        )


def _video_facts(path: Path, container: InputContainer) -> MediaInfo:
    stream, spoken = picture(container), voice(container)
    _not_too_many(container)
    if not container.streams:
        raise _no_frames()
    if stream is None:
        raise _no_picture()
    _can_be_shown(stream)
    if spoken is not None:
        _can_be_heard(voice_decoder(path, spoken))
    frame: av.VideoFrame | None = None
    tracks: defaultdict[int, _Track] = defaultdict(_Track)
    clock = PacketClock(container, has_sound=spoken is not None)
    for packet in container.demux():
        tracks[packet.stream_index].add(packet)
        if packet.stream_index == stream.index or (spoken is not None and packet.stream_index == spoken.index):
            clock.add(packet)
        if frame is None and packet.stream_index == stream.index:
            frame = _first_frame(stream, packet)
    _whole(path, container, [stream] if spoken is None else [stream, spoken], max(t.last_s for t in tracks.values()))
    seen = tracks[stream.index]
    heard = tracks[spoken.index] if spoken is not None else _Track()
    duration = max(seen.last_s, heard.last_s) - start_s(container)
    if not seen.packets or duration <= 0:
        raise _no_frames()
    if frame is None:
        raise InputError(Code.NOT_A_VIDEO, "No frame of this video can be decoded. Save it as H.264 MP4 and send that.")
    if spoken is not None and heard.packets:
        _can_be_mixed(path, voice_decoder(path, spoken))
    width, height = Display(stream).size(frame)
    _not_too_large(width, height)
    fps = seen.packets / (seen.last_s - seen.first_s) if seen.last_s > seen.first_s else 0.0
    check_rate(fps)
    return MediaInfo(
        duration_s=duration,
        width=width,
        height=height,
        fps=fps,
        has_video=True,
        has_audio=heard.packets > 0,
        sha256=sha256(path),
    )


def _can_be_shown(stream: VideoStream) -> None:
    codec = stream.codec_context
    if codec is None or codec.codec.canonical_name not in PICTURES:
        raise InputError(Code.CODEC, "The picture's coding is not read here. Save the video as H.264 MP4.")
    _not_too_large(codec.width, codec.height)


def _can_be_heard(decoder: AudioCodecContext) -> None:
    if decoder.codec.canonical_name not in VOICES:
        raise InputError(Code.CODEC, "The sound's coding is not read here. Save it as AAC, or send it as WAV.")
    if (channels := decoder.channels) > MAX_CHANNELS:
        raise too_many_channels(channels)


def _not_too_large(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise InputError(
            Code.TOO_LARGE,
            f"The picture is {width} x {height}. Send one of at most {MAX_SIDE} pixels a side, no more than 8K.",
        )


def _not_too_many(container: InputContainer) -> None:
    if len(container.streams) > MAX_TRACKS:
        raise InputError(
            Code.TOO_MANY_TRACKS,
            f"The file has {len(container.streams)} tracks; {MAX_TRACKS} are allowed. Export picture and sound alone.",
        )


def _nothing_else(path: Path, kind: Kind) -> None:
    check_alone(path)
    check_layout(path, kind)


def _first_frame(stream: VideoStream, packet: av.Packet) -> av.VideoFrame | None:
    try:
        return next(iter(stream.decode(packet)), None)  # a packet may claim to be of a track of another kind
    except av.error.FFmpegError:
        return None


def _whole(path: Path, container: InputContainer, streams: list[Stream], last_s: float) -> None:
    """Raise InputError(TRUNCATED_VIDEO) if the file promises more than it holds: by its index, or by its length."""
    size = path.stat().st_size
    if any(end > size for stream in streams for end in _indexed_ends(stream)):
        raise _truncated()
    if container.format.name.startswith(_HEADERS_WITH_DURATION):
        claimed_s = (container.duration or 0) / av.time_base
        # Some programs count the length from the container's 0, others from the first frame.
        if last_s < claimed_s - _SHORTFALL_S:
            raise _truncated()


def _indexed_ends(stream: Stream) -> Iterator[int]:
    return (entry.pos + entry.size for entry in stream.index_entries)


def _truncated() -> InputError:
    return InputError(Code.TRUNCATED_VIDEO, "The video file breaks off before its end. Copy or export it again.")


def _no_frames() -> InputError:
    return InputError(Code.ZERO_LENGTH, "The video lasts 0 seconds. Record it again or send another file.")


def _no_picture() -> InputError:
    return InputError(Code.NO_PICTURE, "The file has no picture track. Send a video with a picture.")


def _not_a_video() -> InputError:
    return InputError(
        Code.NOT_A_VIDEO, "This file is not a video that can be read. Send an MP4, MOV, MKV, WebM, AVI or MPEG file."
    )


def _not_empty(path: Path) -> None:
    if not path.is_file():
        raise InputError(Code.MISSING_FILE, f"There is no file {path.name}. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(Code.EMPTY_FILE, f"The file {path.name} is empty. Send it again.")
