"""The labelled video of a long recording in pieces: each begins at a keyframe, and they are joined packet by packet."""

import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from inference.errors import Code, InputError
from inference.media.container import open_container, start_s, video_stream
from inference.media.encoders import Encoder
from inference.media.ffmpeg import FfmpegError, FfmpegKilledError, input_arguments
from inference.media.needed_packets import seconds
from inference.media.render import (
    X264,
    check_length,
    ignore_progress,
    picture_arguments,
    sound_arguments,
    write_video,
)
from inference.sandbox import client as sandbox
from inference.sandbox.client import sandboxed
from inference.types import Timeline

_SCANNED_BYTES = 20e6  # a second, of a file whose packets are listed
_EARLIER_S = 1.0  # reading begins so much before a piece: not every index is precise
_CONCAT = ("-protocol_whitelist", "file", "-format_whitelist", "concat,mov", "-f", "concat", "-safe", "0")


class IndivisibleError(Exception):
    """The labelled video cannot be made of pieces as it would be as a whole."""


@dataclass(frozen=True)
class Piece:
    """A part of a video: `frames` from the first one on, which is shown at `start_s`.

    `cut_s` lies between that frame and the one before, so that rounded times do not matter.
    """

    start_s: float
    cut_s: float
    frames: int


@dataclass(frozen=True)
class _PieceFacts:
    frames: int
    decoder_parameters: bytes


@dataclass(frozen=True)
class _Packets:
    """The rising times (s) at which a track's frames are shown, and those of keyframes."""

    shown_s: Sequence[float]
    keyframes_s: Sequence[float]
    decoder_parameters: bytes


def _scan_timeout_s(path: Path, *_: object) -> float:
    return sandbox.TIMEOUT_S + (path.stat().st_size / _SCANNED_BYTES if path.is_file() else 0.0)


@sandboxed(timeout=_scan_timeout_s)
def find_pieces(video: Path, count: int) -> tuple[Piece, ...]:
    """Divide a video at the keyframes that are nearest to an even division, without decoding it.

    Returns nothing where there are too few keyframes, or packets without times. Raises InputError(READER_CRASHED |
    TOO_COSTLY).
    """
    packets = _list_packets(video)
    shown, keyframes = packets.shown_s, packets.keyframes_s
    if not keyframes or keyframes[0] != shown[0]:
        return ()
    even = (shown[0] + number * (shown[-1] - shown[0]) / count for number in range(count))
    starts = [bisect_left(shown, _nearest(keyframes, time)) for time in even]
    if len(set(starts)) < count:
        return ()
    return tuple(
        Piece(shown[first], (shown[max(0, first - 1)] + shown[first]) / 2, last - first)
        for first, last in pairwise((*starts, len(shown)))
    )


@sandboxed(timeout=_scan_timeout_s)
def _inspect_piece(path: Path) -> _PieceFacts:
    packets = _list_packets(path)
    return _PieceFacts(len(packets.shown_s), packets.decoder_parameters)


def _list_packets(path: Path) -> _Packets:
    """List the packets of the video track; none where one of them has no time."""
    shown, keyframes = set[float](), set[float]()
    with open_container(path) as container:
        stream = video_stream(container)
        if stream is None:  # of a piece without any frame
            return _Packets((), (), b"")
        parameters = bytes(stream.codec_context.extradata or b"")
        for packet in container.demux(stream):
            if not packet.size or packet.is_discard:
                continue
            if packet.pts is None:
                return _Packets((), (), parameters)
            time = seconds(packet, packet.pts) - start_s(container)
            shown.add(time)
            if packet.is_keyframe:
                keyframes.add(time)
    return _Packets(sorted(shown), sorted(keyframes), parameters)


def _nearest(times: Sequence[float], time: float) -> float:
    after = bisect_left(times, time)
    return min(times[max(0, after - 1) : after + 1], key=lambda each: abs(each - time))


def render_piece(
    video: Path,
    timeline: Timeline,
    out: Path,
    *,
    number: int,
    count: int,
    encoder: Encoder = X264,
    on_progress: Callable[[float], None] = ignore_progress,
) -> None:
    """Write piece `number` of `count` of `video`, with the labels burnt in and without sound, to `out`.

    Its first frame is shown at 0. Raises IndivisibleError where the video has no such pieces, or `out` would have other
    frames than the piece, or ffmpeg fails; InputError, FfmpegKilledError, and what `on_progress` raises.
    """
    pieces = _divide(video, count)
    piece, later = pieces[number], pieces[number + 1 :]
    cuts = [f"start={piece.cut_s:.6f}"] if number else []
    cuts += [f"end={later[0].cut_s:.6f}"] if later else []
    length_s = (later[0].start_s if later else timeline.media.duration_s) - piece.start_s
    # Times stay those of the whole video up to the labels.
    seeking = ["-copyts", "-start_at_zero", "-noaccurate_seek", "-ss", f"{max(0.0, piece.start_s - _EARLIER_S):.6f}"]

    def check(written: Path) -> None:
        if (found := _inspect_piece(written).frames) != piece.frames:
            raise IndivisibleError(f"piece {number} has {found} frames instead of {piece.frames}")

    with _as_indivisible():
        write_video(
            [
                *(*(seeking if number else ["-copyts", "-start_at_zero"]), *input_arguments(video)),
                *picture_arguments(video),
            ],
            out,
            timeline,
            encoder=encoder,
            cut=":".join(cuts),
            read=[video],
            length_s=length_s,
            on_progress=on_progress,
            check=check,
        )


def join_pieces(
    video: Path,
    timeline: Timeline,
    files: Sequence[Path],
    out: Path,
    *,
    sound: Path | None = None,
    on_progress: Callable[[float], None] = ignore_progress,
) -> None:
    """Join the `files` of all pieces, in order, to what `render` would have written to `out`.

    Pictures are copied; the sound is that of `video`, or `sound`. Raises IndivisibleError where the files do not fit
    together, or ffmpeg fails; InputError, FfmpegKilledError, and what `on_progress` raises.
    """
    pieces, duration = _divide(video, len(files)), timeline.media.duration_s
    found = [_inspect_piece(file) for file in files]
    if len({each.decoder_parameters for each in found}) > 1:
        raise IndivisibleError("the pieces have pictures of different kinds")
    mapped = ["-map", "0:v"]
    source = video if timeline.media.has_audio else sound
    if source is not None:
        mapped += sound_arguments(source, 1)
    if not timeline.media.has_audio and sound is not None:
        mapped += ["-t", str(duration)]
    with tempfile.TemporaryDirectory() as name:
        listed = Path(name) / "pieces.ffconcat"
        listed.write_text(_concat_script(files, pieces), encoding="utf-8")

        def check(written: Path) -> None:
            if (frames := _inspect_piece(written).frames) != sum(piece.frames for piece in pieces):
                raise IndivisibleError(f"{frames} frames were joined")
            check_length(written, duration)

        with _as_indivisible():
            write_video(
                [
                    *("-itsoffset", f"{pieces[0].start_s:.6f}", *_CONCAT, "-i", f"file:{listed}"),
                    *(*(input_arguments(source) if source else ()), *mapped),
                ],
                out,
                timeline,
                encoder=None,
                read=[*([source] if source else []), listed, *files],
                length_s=duration,
                on_progress=on_progress,
                check=check,
            )


@contextmanager
def _as_indivisible() -> Iterator[None]:
    """Leave it to a rendering as a whole to find out whether a failure is the recording's."""
    try:
        yield
    except FfmpegKilledError:
        raise
    except FfmpegError as error:
        raise IndivisibleError(f"ffmpeg failed: {error}") from error
    except InputError as error:
        if error.code is not Code.VIDEO_LENGTH:
            raise
        raise IndivisibleError(error.message) from error


def _divide(video: Path, count: int) -> tuple[Piece, ...]:
    if not (pieces := find_pieces(video, count)):
        raise IndivisibleError(f"the video has no keyframes for {count} pieces")
    return pieces


def _concat_script(files: Sequence[Path], pieces: Sequence[Piece]) -> str:
    """Return the list of files for ffmpeg's concat demuxer; each lasts until the next piece begins."""
    lines = ["ffconcat version 1.0"]
    for number, file in enumerate(files):
        path = str(file.resolve()).replace("'", r"'\''")
        lines.append(f"file 'file:{path}'")
        if number + 1 < len(files):
            micros = [round(piece.start_s * 1e6) for piece in pieces[number : number + 2]]
            lines.append(f"duration {(micros[1] - micros[0]) / 1e6:.6f}")
    return "\n".join(lines) + "\n"
