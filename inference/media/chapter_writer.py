"""The original video with the timeline as chapters and as a subtitle track."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from inference.errors import Code, InputError
from inference.export import vtt
from inference.export.writer import RecordingInfo, milliseconds, one_line
from inference.media.ffmpeg import FfmpegError, input_arguments, run_ffmpeg
from inference.media.tracks import list_tracks
from inference.types import Timeline
from inference.wording import caption

NAME = "chapters"
# Codecs that players expect in an MP4, by ffmpeg's names. All others go into Matroska.
_IN_MP4 = {"h264", "hevc", "av1", "vp9", "mpeg4", "aac", "mp3", "ac3", "eac3", "opus", "alac"}
_LENGTH_TOLERANCE_S = 0.5  # containers differ in counting a last sound packet that reaches beyond the picture
_OVERHEAD_BYTES = 2**26  # for the container, chapters and subtitles
_MIN_COPY_SPEED = 4  # times real time; a slower copy counts as hung


@dataclass(frozen=True)
class _Container:
    suffix: str
    format: str
    subtitles: str
    options: tuple[str, ...]


_MP4 = _Container(".mp4", "mp4", "mov_text", ("-movflags", "+faststart"))
_MATROSKA = _Container(".mkv", "matroska", "subrip", ())


def add_chapters(video: Path, timeline: Timeline, title: str, folder: Path) -> Path:
    """Write `video` with the timeline's segments as chapters and subtitles, and return the path of the new file.

    Picture and sound are copied packet by packet into `folder`/chapters.mp4, or into chapters.mkv where an MP4 cannot
    hold them. Tags of the original and of its tracks are not copied. The file appears once it is complete.
    Raises InputError(NOT_COPYABLE).
    """
    found = list_tracks(video)
    assert found.video is not None, "probing lets no video pass that has no picture"
    copied = (found.video, *found.audio_tracks)
    kind = _MP4 if all(track.codec in _IN_MP4 for track in copied) else _MATROSKA
    wanted_s = timeline.media.duration_s
    chosen = [argument for track in copied for argument in ("-map", f"0:{track.index}")]
    out = folder / f"{NAME}{kind.suffix}"
    with tempfile.TemporaryDirectory(prefix=".chapters-", dir=folder) as name:
        place = Path(name)
        partial = place / out.name
        (place / "labels.vtt").write_bytes(vtt.write(timeline, RecordingInfo(title)))
        (place / "chapters.txt").write_text(_chapters(timeline, title), encoding="utf-8")
        try:
            run_ffmpeg(
                [
                    *(
                        "-fflags",
                        "+genpts",
                        *input_arguments(video),
                    ),  # AVI has decoding times only
                    *("-f", "webvtt", "-i", "labels.vtt", "-f", "ffmetadata", "-i", "chapters.txt"),
                    *(*chosen, "-map", "1:0", "-map_metadata", "2", "-map_metadata:s", "-1", "-map_chapters", "2"),
                    *("-c:v", "copy", "-c:a", "copy", "-c:s", kind.subtitles, "-metadata:s:s:0", "language=eng"),
                    *(*kind.options, "-f", kind.format),
                ],
                partial,
                read=[video, place],
                limit_s=120 + wanted_s / _MIN_COPY_SPEED,
                max_bytes=2 * video.stat().st_size + _OVERHEAD_BYTES,
                folder=place,
            )
        except FfmpegError as error:
            raise _not_copyable_error() from error
        # Matroska has no edit lists: packets that an MP4 hides would shift all times.
        if abs(list_tracks(partial).duration_s - wanted_s) > _LENGTH_TOLERANCE_S:
            raise _not_copyable_error()
        return partial.replace(out)


def _chapters(timeline: Timeline, title: str) -> str:
    """Return the title and the chapters as FFMETADATA, times in milliseconds."""
    lines = [";FFMETADATA1", f"title={_escape(title)}"]
    for segment in timeline.segments:
        start, end = milliseconds(segment.start_s), milliseconds(segment.end_s)
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={end}", f"title={_escape(caption(segment))}"]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return "".join(f"\\{character}" if character in "=;#\\" else character for character in one_line(text))


def _not_copyable_error() -> InputError:
    return InputError(
        Code.NOT_COPYABLE,
        "The tracks of this video cannot be copied as they are into a file with chapters. Do without chapters, "
        "or save the video as H.264 MP4 and have that read.",
    )
