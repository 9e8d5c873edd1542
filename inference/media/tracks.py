"""The tracks of a recording, for ffmpeg's command lines."""

from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.codeccontext import AudioCodecContext
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext

from inference.errors import Code, InputError
from inference.media.container import UnknownFormatError, audio_decoder, audio_stream, open_container, video_stream
from inference.sandbox.client import sandboxed


@dataclass(frozen=True)
class Track:
    """A track; `codec` is ffmpeg's name of it, `channels` is 0 for video."""

    index: int
    codec: str
    channels: int


@dataclass(frozen=True)
class Tracks:
    """`video` and `audio` are the tracks that players play; `duration_s` is that of the header, or 0."""

    video: Track | None
    audio: Track | None
    audio_tracks: tuple[Track, ...]
    duration_s: float


@sandboxed()
def list_tracks(path: Path) -> Tracks:
    """Return the tracks that can be decoded. Raises InputError(NOT_A_VIDEO | READER_CRASHED | TOO_COSTLY)."""
    try:
        with open_container(path) as container:
            video, audio = video_stream(container), audio_stream(container)
            return Tracks(
                video=_track(video, video.codec_context) if video is not None else None,
                audio=_track(audio, audio_decoder(path, audio)) if audio is not None else None,
                audio_tracks=tuple(
                    _track(each, each.codec_context)
                    for each in container.streams.audio
                    if each.codec_context is not None
                ),
                duration_s=(container.duration or 0) / av.time_base,
            )
    except (UnknownFormatError, av.error.FFmpegError) as error:
        raise InputError(Code.NOT_A_VIDEO, "The file cannot be read as a recording. Send it again.") from error


def _track(stream: Stream, decoder: VideoCodecContext | AudioCodecContext) -> Track:
    channels = decoder.channels if isinstance(decoder, AudioCodecContext) else 0
    return Track(stream.index, decoder.codec.canonical_name, channels)
