"""Which tracks of a recording are shown and heard, for ffmpeg's command lines."""

from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.codeccontext import AudioCodecContext
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext

from inference.errors import Code, InputError
from inference.media.container import UnknownKindError, opened, picture, voice, voice_decoder
from inference.sandbox.calls import sandboxed


@dataclass(frozen=True)
class Track:
    """`codec` is ffmpeg's name of the coding; `channels` those of sound, 0 for pictures."""

    index: int
    codec: str
    channels: int


@dataclass(frozen=True)
class Tracks:
    """`picture` and `voice` are what players play; `duration_s` is what the file says, 0 where it does not."""

    picture: Track | None
    voice: Track | None
    sounds: tuple[Track, ...]
    duration_s: float


@sandboxed()
def tracks(path: Path) -> Tracks:
    """The tracks that can be decoded. Raises InputError(NOT_A_VIDEO | READER_CRASHED | TOO_COSTLY)."""
    try:
        with opened(path) as container:
            shown, heard = picture(container), voice(container)
            return Tracks(
                picture=_track(shown, shown.codec_context) if shown is not None else None,
                voice=_track(heard, voice_decoder(path, heard)) if heard is not None else None,
                sounds=tuple(
                    _track(each, each.codec_context)
                    for each in container.streams.audio
                    if each.codec_context is not None
                ),
                duration_s=(container.duration or 0) / av.time_base,
            )
    except (UnknownKindError, av.error.FFmpegError) as error:
        raise InputError(Code.NOT_A_VIDEO, "The file cannot be read as a recording. Send it again.") from error


def _track(stream: Stream, decoder: VideoCodecContext | AudioCodecContext) -> Track:
    channels = decoder.channels if isinstance(decoder, AudioCodecContext) else 0
    return Track(stream.index, decoder.codec.canonical_name, channels)
