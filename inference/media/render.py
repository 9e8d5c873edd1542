"""The labelled video: label and confidence are burnt into the upper-left corner in one pass of ffmpeg."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from inference.errors import Code, InputError
from inference.media.decode import measure_mixdown
from inference.media.encoders import Encoder, x264
from inference.media.ffmpeg import FfmpegError, input_arguments, run_ffmpeg
from inference.media.tracks import Track, list_tracks
from inference.types import Timeline
from inference.wording import caption

FONT = "DejaVu Sans"
_FONT_FILE = Path(__file__).parent / "fonts" / "DejaVuSans-Bold.ttf"  # a server may have no fonts
_TEXT_SHARE = 0.07  # of the picture's shorter side: 17 pixels at 240p, 151 at 2160p
_MARGIN_SHARE = 0.03
LENGTH_TOLERANCE_S = 0.1  # between the labelled video and the timeline
_MAX_BYTES, _MAX_BYTES_PER_SECOND = 2**28, 2**24  # of the output; noise at 2160p takes less
_MIN_PIXELS_PER_SECOND, _MIN_SPEED = 2e7, 0.25  # times real time; a run slower than both counts as hung
X264 = x264()

logger = logging.getLogger(__name__)


def ignore_progress(share: float) -> None:
    """Do nothing."""


def render(
    video: Path,
    timeline: Timeline,
    out: Path,
    *,
    sound: Path | None = None,
    encoder: Encoder = X264,
    on_progress: Callable[[float], None] = ignore_progress,
) -> None:
    """Write `video` with each segment's label burnt in to `out`, as H.264 MP4.

    Frame times and sound stay; a video without sound gets `sound`. `out` appears once it is complete. `on_progress` is
    called with the progress, 0..1. Raises FfmpegError, InputError(VIDEO_LENGTH), and what `on_progress` raises.
    """
    duration = timeline.media.duration_s
    inputs, mapped = input_arguments(video), picture_arguments(video)
    if timeline.media.has_audio:
        mapped += sound_arguments(video, 0)
    elif sound is not None:
        inputs += input_arguments(sound)
        mapped += [*sound_arguments(sound, 1), "-t", str(duration)]
    write_video(
        [*inputs, *mapped],
        out,
        timeline,
        encoder=encoder,
        read=[video, *([sound] if sound else [])],
        length_s=duration,
        on_progress=on_progress,
        check=lambda written: check_length(written, duration),
    )


def write_video(
    arguments: Sequence[str],
    out: Path,
    timeline: Timeline,
    *,
    encoder: Encoder | None,
    cut: str = "",
    read: Sequence[Path],
    length_s: float,
    on_progress: Callable[[float], None],
    check: Callable[[Path], None],
) -> None:
    """Run ffmpeg with `arguments`, which open and map its inputs, to write an MP4 of `length_s`.

    The picture gets its labels and is encoded as by `encoder_arguments`, or is copied without an `encoder`. `read` are
    the files that ffmpeg reads. `out` appears once it is complete and `check` has passed it. Raises FfmpegError, and
    what `on_progress` and `check` raise.
    """
    partial = out.with_name(f".{out.name}.partial")
    pixels = timeline.media.pixels * length_s / timeline.media.duration_s
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_subtitles(timeline, folder)

        def encode(encoder: Encoder | None) -> None:
            coding = encoder_arguments(encoder, cut=cut) if encoder else ["-c:v", "copy"]
            run_ffmpeg(
                # ffmpeg must not correct jumps of timestamps: labels would lose the picture.
                [
                    *("-dts_delta_threshold", "1000000", *(encoder.setup if encoder else ()), *arguments, *coding),
                    *("-movflags", "+faststart", "-map_metadata", "-1", "-map_chapters", "-1", "-f", "mp4"),
                ],
                partial,
                read=[*read, folder],
                limit_s=120 + length_s / _MIN_SPEED + pixels / _MIN_PIXELS_PER_SECOND,
                max_bytes=int(_MAX_BYTES + length_s * _MAX_BYTES_PER_SECOND),
                folder=folder,
                devices=encoder.device_files() if encoder else (),
                on_time=lambda seconds: on_progress(min(1.0, seconds / length_s)),
            )

        try:
            try:
                encode(encoder)
            except FfmpegError as error:
                if encoder is None or encoder.fallback is None:
                    raise
                # Hardware refuses some sizes, and may be taken by others.
                logger.warning("a labelled video is encoded anew without hardware: %s", error)
                encode(encoder.fallback)
            check(partial)
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)


def write_subtitles(timeline: Timeline, folder: Path) -> None:
    """Write the subtitles and their font, which `encoder_arguments` names, into ffmpeg's working folder."""
    (folder / "labels.ass").write_text(ass_subtitles(timeline), encoding="utf-8")
    fonts = folder / "fonts"
    fonts.mkdir()
    shutil.copy(_FONT_FILE, fonts)


def encoder_arguments(encoder: Encoder = X264, *, cut: str = "") -> list[str]:
    """Return the arguments that burn in `labels.ass` and encode; sides are made even, frame times kept.

    `cut` are ffmpeg's options for the part to encode, whose first frame is then shown at 0.
    """
    filters = ["pad=ceil(iw/2)*2:ceil(ih/2)*2", "ass=labels.ass:fontsdir=fonts"]
    if cut:
        filters = [f"trim={cut}", *filters, "setpts=PTS-STARTPTS"]
    return encoder.arguments(*filters)


def check_length(written: Path, timeline_s: float) -> None:
    """Raise InputError(VIDEO_LENGTH) unless the labelled video lasts as long as the timeline."""
    written_s = list_tracks(written).duration_s
    if abs(written_s - timeline_s) > LENGTH_TOLERANCE_S:
        raise InputError(
            Code.VIDEO_LENGTH,
            f"The labelled video would last {written_s:.1f} s and the timeline {timeline_s:.1f} s: the recording's "
            "timestamps do not fit together. Export it anew as H.264 MP4 and have that analysed.",
        )


def picture_arguments(video: Path) -> list[str]:
    """Return the arguments that map the picture of input 0."""
    track = list_tracks(video).video
    assert track is not None, "probing lets no video pass that has no picture"
    return ["-map", f"0:{track.index}"]


def sound_arguments(path: Path, number: int) -> list[str]:
    """Return the arguments that map the sound of input `number`; AAC is copied."""
    found = list_tracks(path)
    assert found.audio is not None, "probing finds the sound"
    mapped = ["-map", f"{number}:{found.audio.index}"]
    if found.audio.codec == "aac":
        return [*mapped, "-c:a", "copy"]
    # async: the sound follows its timestamps, as in the analysis.
    filters = [*_mono_filters(path, found.audio), "aresample=async=1"]
    return [*mapped, "-c:a", "aac", "-b:a", "160k", "-af", ",".join(filters)]


def _mono_filters(path: Path, voice: Track) -> list[str]:
    """Return the filters that mix PCM of more than two channels, or beyond full scale, to the voice."""
    floats = voice.codec.startswith("pcm_f")
    if not voice.codec.startswith("pcm_") or (voice.channels <= 2 and not floats):
        return []
    found = measure_mixdown(path)
    if voice.channels <= 2 and found.is_playable:
        return []
    (mix,) = found.mixes
    gains = "+".join(f"{weight:.9g}*c{channel}" for channel, weight in enumerate(mix.weights) if weight)
    numbers = [r"aeval=if(lt(abs(val(ch))\,1e30)\,val(ch)\,0):c=same"] if floats else []
    return [*numbers, f"pan=mono|c0={gains or 'c0'}"]


def ass_subtitles(timeline: Timeline) -> str:
    """Return the timeline as Advanced SubStation Alpha, in pixels of the video."""
    media = timeline.media
    side = min(media.width, media.height)
    size, margin = max(10, round(side * _TEXT_SHARE)), round(side * _MARGIN_SHARE)
    box = max(1, round(size * 0.18))
    inset = margin + box
    style = f"Label,{FONT},{size},&H00FFFFFF,&H60000000,&H60000000,-1,3,{box},0,7,{inset},{margin},{inset},1"
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
    lines += [f"Dialogue: {_ass_time(s.start_s)},{_ass_time(s.end_s)},Label,{caption(s)}" for s in timeline.segments]
    return "\n".join(lines) + "\n"


def _ass_time(seconds: float) -> str:
    hundredths = round(seconds * 100)
    minutes, hundredths = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{hundredths // 100:02d}.{hundredths % 100:02d}"
