"""Whether every browser plays a video: its container, its codecs and its pixel format decide, not its name.

What Chromium, Firefox and Safari play in common, by MDN's guides to containers and codecs.
"""

from dataclasses import dataclass
from pathlib import Path

import av

from inference.errors import Code, InputError
from inference.media.container import audio_decoder, audio_stream, open_container, video_stream
from inference.media.formats import HEAD_BYTES, detect_format
from inference.sandbox.client import sandboxed

WEBM, MP4 = ".webm", ".mp4"
_WEBM_DOCTYPE = b"\x42\x82\x84webm"  # EBML DocType, RFC 8794, section 11.2.6
_QUICKTIME = b"qt  "  # brand of the ftyp box
_PIXELS = ("yuv420p", "yuvj420p")
_PIXELS_OF_AV1 = "yuv420p10le"  # its Main profile has both depths
_NAMES = {
    "h264": "H.264",
    "hevc": "H.265 (HEVC)",
    "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4 Part 2",
    "msmpeg4v3": "MS MPEG-4",
    "h263": "H.263",
    "mjpeg": "Motion JPEG",
    "prores": "ProRes",
    "dnxhd": "DNxHD",
    "opus": "Opus",
    "vorbis": "Vorbis",
}


@dataclass(frozen=True)
class _Playable:
    """The codecs that browsers play in a container; it is served as a file with this extension."""

    extension: str
    video: frozenset[str]
    audio: frozenset[str]


_CONTAINERS = {
    "MP4": _Playable(MP4, frozenset({"h264", "vp9", "av1"}), frozenset({"aac", "mp3", "opus", "flac"})),
    "MOV": _Playable(MP4, frozenset({"h264"}), frozenset({"aac", "mp3"})),
    "WebM": _Playable(WEBM, frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"})),
}


@sandboxed()
def check_browser_playback(path: Path) -> str:
    """Return the extension, MP4 or WEBM, as which every browser plays a video that `probe_video` accepts.

    Raises InputError(NOT_PLAYABLE), which names its container and codecs, and
    InputError(NOT_A_VIDEO | READER_CRASHED | TOO_COSTLY).
    """
    container, (codec, pixels, sound) = _container_name(path), _read_codecs(path)
    playable = _CONTAINERS.get(container)
    is_common = pixels in _PIXELS or (codec == "av1" and pixels == _PIXELS_OF_AV1)
    if playable and is_common and codec in playable.video and sound in (None, *playable.audio):
        return playable.extension
    picture = _display(codec) if is_common else f"{_display(codec)} in {pixels}"
    raise InputError(
        Code.NOT_PLAYABLE,
        f"The video is {container} with {picture}{f' and {_display(sound)}' if sound else ''}, which not every browser "
        "plays. Export it as MP4 with H.264 (8 bits, 4:2:0) and AAC, or as WebM with VP8, VP9 or AV1 and Opus or "
        "Vorbis.",
    )


def _container_name(path: Path) -> str:
    file_format = detect_format(path)
    if file_format is None:
        raise _not_a_video_error()
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if file_format.name == "MP4":
        return "MP4" if head[4:8] == b"ftyp" and head[8:12] != _QUICKTIME else "MOV"
    if file_format.name == "Matroska":
        return "WebM" if _WEBM_DOCTYPE in head else "Matroska"
    return file_format.name


def _read_codecs(path: Path) -> tuple[str, str, str | None]:
    """Return the codec and pixel format of the picture, and the codec of the sound, by ffmpeg's names."""
    try:
        with open_container(path) as container:
            video, audio = video_stream(container), audio_stream(container)
            if video is None:
                raise _not_a_video_error()
            sound = None if audio is None else audio_decoder(path, audio).codec.canonical_name
            return video.codec_context.codec.canonical_name, video.codec_context.pix_fmt or "", sound
    except av.error.FFmpegError as error:
        raise _not_a_video_error() from error


def _display(codec: str) -> str:
    return _NAMES.get(codec) or codec.replace("_", " ").upper()


def _not_a_video_error() -> InputError:
    return InputError(Code.NOT_A_VIDEO, "The file cannot be read as a video. Send it again.")
