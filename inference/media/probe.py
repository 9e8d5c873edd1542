"""What a recording is: read from its packets, not from what its header claims."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer

from inference.errors import Code, InputError
from inference.media.container import AUDIO_FORMATS, VIDEO_FORMATS, opened, picture
from inference.types import MediaInfo

MAX_SIDE = 8192  # pixels
_SHORTFALL_S = 0.5  # a header that promises more than this beyond the last packet: the file was cut
_HEADERS_WITH_DURATION = ("mov", "matroska", "avi")


def probe_video(path: Path) -> MediaInfo:
    """Read a video file's facts and make sure that it is whole and can be decoded.

    Raises InputError(EMPTY_FILE | NOT_A_VIDEO | TRUNCATED_VIDEO | NO_PICTURE | ZERO_LENGTH | TOO_LARGE).
    """
    _not_empty(path)
    try:
        with opened(path, VIDEO_FORMATS) as container:
            return _video_facts(path, container)
    except av.error.FFmpegError as error:
        if _begins_like_mp4(path):
            raise _truncated() from error
        raise InputError(
            Code.NOT_A_VIDEO, "This file is not a video that can be read. Send an MP4, MOV, MKV, WebM, AVI or MPEG file."
        ) from error


def probe_audio(path: Path) -> float:
    """The length in seconds of a sound file. Raises InputError(EMPTY_FILE | NOT_AUDIO)."""
    _not_empty(path)
    refusal = InputError(Code.NOT_AUDIO, "The sound file cannot be read as sound. Send a WAV file.")
    try:
        with opened(path, AUDIO_FORMATS) as container:
            if not container.streams.audio:
                raise refusal
            stream = container.streams.audio[0]
            first = last = None
            for packet in container.demux(stream):
                if packet.pts is None or packet.time_base is None:
                    continue
                if first is None:
                    first = float(packet.pts * packet.time_base)
                    packet.decode()
                last = float((packet.pts + (packet.duration or 0)) * packet.time_base)
    except av.error.FFmpegError as error:
        raise refusal from error
    if first is None or last is None:
        raise refusal
    return last - first


def sha256(path: Path) -> str:
    """Hex digest of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _Track:
    first_s: float = float("inf")
    last_s: float = float("-inf")
    packets: int = 0


def _video_facts(path: Path, container: InputContainer) -> MediaInfo:
    stream = picture(container)
    if stream is None:
        raise InputError(Code.NO_PICTURE, "The file has no picture track. Send a video with a picture.")
    codec = stream.codec_context
    if codec is None:
        raise InputError(Code.NOT_A_VIDEO, "The picture's coding is unknown here. Save the video as H.264 MP4.")
    if max(codec.width, codec.height) > MAX_SIDE:
        raise InputError(
            Code.TOO_LARGE, f"The picture is {codec.width} x {codec.height}. Send one of at most {MAX_SIDE} pixels a side."
        )
    frame = None
    tracks = {track.index: _Track() for track in (stream, *container.streams.audio[:1])}
    for packet in container.demux([container.streams[index] for index in tracks]):
        if packet.pts is None or packet.time_base is None:
            continue
        track = tracks[packet.stream_index]
        track.packets += 1
        track.first_s = min(track.first_s, float(packet.pts * packet.time_base))
        track.last_s = max(track.last_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if frame is None and packet.stream_index == stream.index:
            frame = _first_frame(packet)
    seen = tracks[stream.index]
    if not seen.packets:
        raise InputError(Code.ZERO_LENGTH, "The video has no frames. Record it again or send another file.")
    start = min(track.first_s for track in tracks.values())
    end = max(track.last_s for track in tracks.values())
    _whole(container, stream.frames, seen.packets, end - start)
    if end <= start:
        raise InputError(Code.ZERO_LENGTH, "The video lasts 0 seconds. Record it again or send another file.")
    if frame is None:
        frame = _decodable(path)
    turned = frame.rotation % 180 != 0
    width, height = (frame.height, frame.width) if turned else (frame.width, frame.height)
    return MediaInfo(
        duration_s=end - start,
        width=width,
        height=height,
        fps=seen.packets / (seen.last_s - seen.first_s) if seen.last_s > seen.first_s else 0.0,
        has_video=True,
        has_audio=len(tracks) > 1 and list(tracks.values())[1].packets > 0,
        sha256=sha256(path),
    )


def _first_frame(packet: "av.Packet") -> "av.VideoFrame | None":
    try:
        return next(iter(packet.decode()), None)
    except av.error.FFmpegError:
        return None


def _decodable(path: Path) -> "av.VideoFrame":
    """The first frame, where the first packet alone gives none. Raises InputError(NOT_A_VIDEO)."""
    with opened(path, VIDEO_FORMATS) as container:
        for packet in container.demux(picture(container)):
            frame = _first_frame(packet)
            if frame is not None:
                return frame
    raise InputError(Code.NOT_A_VIDEO, "No frame of this video can be decoded. Save it as H.264 MP4 and send that.")


def _whole(container: InputContainer, promised: int, packets: int, duration_s: float) -> None:
    """Raise InputError(TRUNCATED_VIDEO) if the header promises more than the file holds."""
    if not container.format.name.startswith(_HEADERS_WITH_DURATION):
        return
    claimed_s = (container.duration or 0) / av.time_base
    if packets < promised or duration_s < claimed_s - _SHORTFALL_S:
        raise _truncated()


def _truncated() -> InputError:
    return InputError(Code.TRUNCATED_VIDEO, "The video file breaks off before its end. Copy or export it again.")


def _begins_like_mp4(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] in (b"ftyp", b"moov", b"mdat", b"wide")


def _not_empty(path: Path) -> None:
    if not path.is_file():
        raise InputError(Code.MISSING_FILE, f"There is no file {path.name}. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(Code.EMPTY_FILE, f"The file {path.name} is empty. Send it again.")
