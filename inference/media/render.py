"""The labelled video: label and confidence burnt into the upper-left corner in one ffmpeg pass."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import matplotlib

from inference.media.container import opened
from inference.media.process import ffmpeg, source
from inference.types import UNDETERMINED, Segment, Timeline

FONT = "DejaVu Sans"
_TEXT_SHARE = 0.07  # of the picture's shorter side: 17 pixels at 240p, 151 at 2160p
_MARGIN_SHARE = 0.03
_PRESET = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p")
_SPEED_FLOOR = 0.02  # slower than this share of real time is taken for a hang


def _ignore(share: float) -> None:
    pass


def render(
    video: Path,
    timeline: Timeline,
    out: Path,
    *,
    sound: Path | None = None,
    on_progress: Callable[[float], None] = _ignore,
) -> None:
    """Write `video` with each segment's label burnt in to `out`, as H.264 MP4.

    Frame times and the sound are kept; a video without sound gets `sound`. `out` appears only
    once it is whole. Raises FfmpegError, and whatever `on_progress` (share done) raises.
    """
    duration = timeline.media.duration_s
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(timeline, folder)
        inputs = source(video)
        heard = "0:a:0?"
        if sound is not None and not timeline.media.has_audio:
            inputs += source(sound)
            heard = "1:a:0"
        partial = out.with_name(f".{out.name}.partial")
        arguments = ["-y", *inputs, "-map", "0:v:0", "-map", heard, "-map_metadata", "-1", *burn_in()]
        arguments += [*_sound_codec(sound if heard[0] == "1" else video), "-f", "mp4", f"file:{partial.resolve()}"]
        try:
            ffmpeg(
                arguments,
                limit_s=120 + duration / _SPEED_FLOOR,
                folder=folder,
                on_time=lambda seconds: on_progress(min(1.0, seconds / duration)),
            )
            os.replace(partial, out)
        finally:
            partial.unlink(missing_ok=True)


def prepare(timeline: Timeline, folder: Path) -> None:
    """Put what `burn_in` reads into the folder that ffmpeg runs in: the subtitles and their font."""
    (folder / "labels.ass").write_text(subtitles(timeline), encoding="utf-8")
    fonts = folder / "fonts"
    fonts.mkdir()
    shutil.copy(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans-Bold.ttf"), fonts)


def burn_in() -> list[str]:
    """Arguments that burn in `labels.ass` and encode; sides are made even, frame times kept."""
    return [
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,ass=labels.ass:fontsdir=fonts"),
        *_PRESET,
        *("-fps_mode", "vfr", "-enc_time_base", "demux", "-movflags", "+faststart"),
    ]


def _sound_codec(path: Path) -> tuple[str, ...]:
    with opened(path) as container:
        kept = all(stream.codec_context.name == "aac" for stream in container.streams.audio[:1])
    return ("-c:a", "copy") if kept else ("-c:a", "aac", "-b:a", "160k")


def subtitles(timeline: Timeline) -> str:
    """The timeline as Advanced SubStation Alpha, in the video's own pixels."""
    media = timeline.media
    side = min(media.width, media.height)
    size, margin = max(10, round(side * _TEXT_SHARE)), round(side * _MARGIN_SHARE)
    box = max(1, round(size * 0.18))
    style = f"Label,{FONT},{size},&H00FFFFFF,&H60000000,&H60000000,-1,3,{box},0,7,{margin + box},{margin},{margin + box},1"
    lines = [
        "[Script Info]",
        "ScriptType: v4.00+",
        f"PlayResX: {media.width}",
        f"PlayResY: {media.height}",
        "WrapStyle: 2",
        "",
        "[V4+ Styles]",
        "Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, Bold, BorderStyle, Outline, "
        "Shadow, Alignment, MarginL, MarginR, MarginV, Encoding",
        f"Style: {style}",
        "",
        "[Events]",
        "Format: Start, End, Style, Text",
    ]
    lines += [f"Dialogue: {_time(s.start_s)},{_time(s.end_s)},Label,{caption(s)}" for s in timeline.segments]
    return "\n".join(lines) + "\n"


def caption(segment: Segment) -> str:
    """What a segment's frames say, such as `Happy 83 %`."""
    if segment.label == UNDETERMINED:
        return "Undetermined"
    return f"{segment.label.capitalize()} {segment.confidence:.0%}".replace("%", " %")


def _time(seconds: float) -> str:
    hundredths = round(seconds * 100)
    minutes, hundredths = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{hundredths // 100:02d}.{hundredths % 100:02d}"
