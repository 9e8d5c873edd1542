"""Recordings opened with PyAV, limited to the formats and codecs of a recording. For use in the sandbox."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from inference.media.formats import detect_format
from inference.media.riff import pcm_decoder

AnyStream = TypeVar("AnyStream", VideoStream, AudioStream)

MAX_SIDE = 8192  # pixels
MAX_PIXELS = 8192 * 4352  # 8K in either format; a frame takes 53 MB, and decoders hold a dozen
# Codecs by ffmpeg's names, each with its decoders.
VIDEO_CODECS = {
    name: tuple(decoders.split())
    for name, decoders in {
        "h264": "h264",
        "hevc": "hevc",
        "av1": "libdav1d av1",
        "vp8": "vp8 libvpx",
        "vp9": "vp9 libvpx-vp9",
        "mpeg1video": "mpeg1video",
        "mpeg2video": "mpeg2video",
        "mpeg4": "mpeg4",
        "msmpeg4v3": "msmpeg4",
        "h263": "h263",
        "mjpeg": "mjpeg",
        "prores": "prores",
        "dnxhd": "dnxhd",
        "ffv1": "ffv1",
    }.items()
}
_PCM_FORMATS = [f"{width}{order}" for width in ("s16", "s24", "s32", "f32", "f64") for order in ("le", "be")]
AUDIO_CODECS = {
    name: tuple(decoders.split())
    for name, decoders in {
        "aac": "aac",
        "mp2": "mp2 mp2float",
        "mp3": "mp3 mp3float",
        "ac3": "ac3 ac3_fixed",
        "eac3": "eac3",
        "opus": "opus libopus",
        "vorbis": "vorbis libvorbis",
        "flac": "flac",
        "alac": "alac",
        "amr_nb": "amrnb libopencore_amrnb",
        "amr_wb": "amrwb libopencore_amrwb",
        "adpcm_ms": "adpcm_ms",
        "adpcm_ima_wav": "adpcm_ima_wav",
        "adpcm_ima_qt": "adpcm_ima_qt",
        **{f"pcm_{kind}": f"pcm_{kind}" for kind in ("alaw", "mulaw", "u8", "s8", *_PCM_FORMATS)},
    }.items()
}
DECODERS = ",".join(decoder for decoders in (*VIDEO_CODECS.values(), *AUDIO_CODECS.values()) for decoder in decoders)
PROTOCOLS = "file"  # playlists would lead to other files: only the demuxer of the detected format opens a file


class UnknownFormatError(Exception):
    """The format of a file is not that of a recording."""


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """The container in `path`. Raises av.error.FFmpegError, UnknownKindError."""
    kind = detect_format(path)
    if kind is None:
        raise UnknownFormatError(path.name)
    options = {
        "format_whitelist": kind.demuxer,
        "protocol_whitelist": PROTOCOLS,
        "codec_whitelist": DECODERS,
        "max_pixels": str(MAX_PIXELS),
    }
    file = f"file:{path.resolve()}"
    with av.open(file, format=kind.demuxer, options=options, metadata_errors="replace") as container:
        yield container


def video_stream(container: InputContainer) -> VideoStream | None:
    """Return the video track that players show; cover art does not count."""
    tracks = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    return _default_stream(tracks, VIDEO_CODECS)


def audio_stream(container: InputContainer) -> AudioStream | None:
    """Return the audio track that players play."""
    return _default_stream(
        [stream for stream in container.streams.audio if stream.codec_context is not None], AUDIO_CODECS
    )


def _default_stream(streams: Sequence[AnyStream], codings: Collection[str]) -> AnyStream | None:
    """Return the track marked as default, else the first; decodable tracks go first."""
    candidates = [stream for stream in streams if _is_readable(stream, codings)] or streams
    default = next((stream for stream in candidates if stream.disposition & Disposition.default), None)
    return default or next(iter(candidates), None)


def _is_readable(stream: VideoStream | AudioStream, codings: Collection[str]) -> bool:
    if stream.codec_context is None or stream.codec_context.codec.canonical_name not in codings:
        return False
    if isinstance(stream, AudioStream):
        return stream.codec_context.sample_rate > 0 and stream.codec_context.channels > 0
    return stream.codec_context.width > 0 and stream.codec_context.height > 0


def audio_decoder(path: Path, stream: AudioStream) -> AudioCodecContext:
    """Return the decoder of the audio track of the file at `path`."""
    name = pcm_decoder(path)
    if name is None:
        return stream.codec_context
    decoder = cast(AudioCodecContext, AudioCodecContext.create(name, "r"))
    decoder.sample_rate, decoder.layout = stream.codec_context.sample_rate, stream.codec_context.layout
    return decoder


def start_s(container: InputContainer) -> float:
    """Return the container's time at a player's time 0, in seconds."""
    return (container.start_time or 0) / av.time_base
