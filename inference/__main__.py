"""The command line: `python -m inference analyse VIDEO --out DIR` and `python -m inference models`."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from inference import store
from inference.eeg.quality import UNITS, describe
from inference.errors import Code, InputError
from inference.types import EegInput, Inputs, Stage, Timeline

RESULT_FILE, VIDEO_FILE = "result.json", "annotated.mp4"
CHAPTER_FILES = ("chapters.mp4", "chapters.mkv")  # the one or the other
FILES_HELP = f"""\
files in DIR:
  {RESULT_FILE}         the whole reading, schema emotrace.result/1
  {VIDEO_FILE}       the video with label and confidence in its upper-left corner
  timeline.EXTENSION  one for each of --formats: csv, vtt, srt, eaf (ELAN), textgrid
                      (Praat: timeline.TextGrid), bids (timeline.bids.zip with
                      events.tsv and events.json), html (a report to read or print);
                      json is {RESULT_FILE} itself
  chapters.mp4        with --chapters: VIDEO itself, its tracks copied as they are, with the
                      timeline as chapters and as subtitles to switch on
                      (chapters.mkv where an MP4 does not take the tracks)

exit status: 0 done, 1 failed, 2 input that cannot be read, 130 interrupted.
Unless it is 0, nothing was written to DIR.
"""


def main() -> int:
    """Run the command and return the exit status; argparse itself exits with 2 for wrong usage."""
    signal.signal(signal.SIGTERM, _handle_signal)  # temporary files are removed
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _handle_signal)
    parser = _parser()
    arguments = parser.parse_args()
    try:
        if arguments.command == "models":
            _list_models()
        else:
            _analyse(arguments, parser)
    except InputError as error:
        return _fail(2, str(error))
    except KeyboardInterrupt:
        return _fail(130, "interrupted")
    except (OSError, store.StoreError) as error:
        return _fail(1, str(error))
    except Exception as error:
        return _fail(1, f"unexpected {type(error).__name__}: {error}")
    return 0


_received_signals: list[int] = []


def _handle_signal(number: int, _: FrameType | None) -> NoReturn:
    _received_signals.append(number)
    _raise_interrupt()


def _raise_interrupt() -> NoReturn:
    """Raise the exception that belongs to the first signal."""
    number = _received_signals[0]
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m inference", description="Reads emotions from a recording.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    analyse = commands.add_parser(
        "analyse",
        help="read a recording",
        description="Read a recording: its timeline of emotions and the labelled video.",
        epilog=FILES_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    analyse.add_argument("video", type=Path, metavar="VIDEO", help="MP4, MOV, MKV, WebM, AVI or MPEG")
    analyse.add_argument("--audio", type=Path, metavar="WAV", help="the voice, in place of the video's own sound")
    analyse.add_argument("--eeg", type=Path, metavar="MAT", help="EEG of 30 channels recorded with the video")
    analyse.add_argument("--eeg-trial", type=int, metavar="N", help="which trial, from 1, where MAT holds several")
    analyse.add_argument("--eeg-sfreq", type=float, metavar="HZ", help="the sampling rate, where MAT names none")
    analyse.add_argument(
        "--eeg-unit", choices=tuple(UNITS), help="the unit of the values, where MAT names none: microvolts if not given"
    )
    analyse.add_argument("--model", metavar="NAME[@VERSION]", help="see `python -m inference models`")
    analyse.add_argument("--formats", default="", metavar="csv,vtt,...", help="further files to write")
    analyse.add_argument("--chapters", action="store_true", help="also write VIDEO with chapters and subtitles")
    analyse.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write, made if missing")
    commands.add_parser("models", help="list the models in the store")
    return parser


def _fail(status: int, message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return status


def _list_models() -> None:
    found, damaged = store.scan()
    for error in damaged.values():
        print(f"warning: {' '.join(str(error).split())}", file=sys.stderr)
    if not found and not damaged:
        raise store.StoreError(f"there is no model in {store.store_directory()}; EMOTRACE_MODELS names the store")
    rows = [("NAME", "VERSION", "KIND", "LABELS", "DEMONSTRATION")]
    rows += [(spec.name, spec.version, spec.kind, ", ".join(spec.labels), spec.demonstration or "") for spec in found]
    _print_table(rows)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _analyse(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    from inference.export import WRITERS, RecordingInfo

    formats = list(filter(None, map(str.strip, arguments.formats.split(","))))
    for name in formats:
        if name not in WRITERS:
            raise InputError(Code.UNKNOWN_FORMAT, f"There is no format {name!r}. Choose from: {', '.join(WRITERS)}.")
    inputs = _inputs(arguments, parser)
    names = {name: f"timeline.{WRITERS[name].extension}" for name in formats} | {"json": RESULT_FILE}
    taken = {(arguments.out / name).resolve() for name in (*names.values(), VIDEO_FILE, *CHAPTER_FILES)}
    for path in filter(None, (arguments.video, arguments.audio, arguments.eeg)):
        if path.resolve() in taken:
            parser.error(f"{path} would be overwritten: choose another --out")

    with _atomic_output(arguments.out) as folder, _progress() as show:
        timeline = _analyse_and_render(inputs, arguments.model, folder / VIDEO_FILE, show)
        for name, file in names.items():
            (folder / file).write_bytes(WRITERS[name].write(timeline, RecordingInfo(arguments.video.stem)))
        if arguments.chapters:
            _add_chapters(arguments.video, timeline, folder)
    _print_timeline(timeline, arguments.out)


def _inputs(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> Inputs:
    eeg = None
    if arguments.eeg is not None:
        eeg = EegInput(arguments.eeg, trial=arguments.eeg_trial, sfreq=arguments.eeg_sfreq, unit=arguments.eeg_unit)
    elif any(given is not None for given in (arguments.eeg_trial, arguments.eeg_sfreq, arguments.eeg_unit)):
        parser.error("--eeg-trial, --eeg-sfreq and --eeg-unit describe the file of --eeg")
    for path in filter(None, (arguments.video, arguments.audio, arguments.eeg)):
        if not path.is_file():
            raise InputError(Code.MISSING_FILE, f"There is no file {path}. Check the path.")
    return Inputs(arguments.video, arguments.audio, eeg)


def _analyse_and_render(
    inputs: Inputs, model: str | None, video: Path, show: Callable[[Stage, float], None]
) -> Timeline:
    # torch takes seconds to import, which a wrong argument should not cost.
    from inference.media.ffmpeg import FfmpegError
    from inference.media.render import render
    from inference.pipeline import analyse
    from inference.validation import check_extensions

    check_extensions(inputs)
    with _require_unchanged(inputs):
        timeline = analyse(inputs, model=model, on_progress=show)
        try:
            render(
                inputs.video, timeline, video, sound=inputs.audio, on_progress=lambda share: show(Stage.RENDER, share)
            )
        except FfmpegError as error:
            raise OSError(f"the labelled video could not be written: {error}") from error
    return timeline


@contextmanager
def _require_unchanged(inputs: Inputs) -> Iterator[None]:
    """Raise InputError(FILE_CHANGED) where a file of the recording changes during the block."""
    paths = [path for path in (inputs.video, inputs.audio, inputs.eeg and inputs.eeg.path) if path]
    before = [_file_identity(path) for path in paths]
    yield
    for path, known in zip(paths, before, strict=True):
        if _file_identity(path) != known:
            raise InputError(Code.FILE_CHANGED, f"{path.name} changed while it was read. Wait until it is written.")


def _file_identity(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _add_chapters(video: Path, timeline: Timeline, folder: Path) -> None:
    from inference.media.chapter_writer import add_chapters

    add_chapters(video, timeline, video.stem, folder)


@contextmanager
def _atomic_output(out: Path) -> Iterator[Path]:
    """Yield a folder whose files move to `out` on success and are deleted otherwise.

    It lies in `out` or in its nearest existing parent, so that a move is a rename.
    """
    nearest = next(path for path in (out, *out.absolute().parents) if path.exists())
    with tempfile.TemporaryDirectory(prefix=".emotrace-", dir=nearest) as name:
        yield Path(name)
        out.mkdir(parents=True, exist_ok=True)
        for path in Path(name).iterdir():
            path.replace(out / path.name)


@contextmanager
def _progress() -> Iterator[Callable[[Stage, float], None]]:
    """Yield a callback that draws a bar on a terminal, one for each stage, and nothing elsewhere."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    layout = "{desc:<10}{percentage:3.0f}%|{bar}| {elapsed}"
    with tqdm(desc=Stage.PROBE, total=1.0, disable=None, leave=False, bar_format=layout) as bar:

        def show(stage: Stage, share: float) -> None:
            if _received_signals:  # an exception raised by a handler within a destructor or a C callback is lost
                _raise_interrupt()
            bar.set_description_str(stage, refresh=False)
            bar.update(min(1.0, share) - bar.n)

        yield show


def _print_timeline(timeline: Timeline, out: Path) -> None:
    rows = [("START", "END", "LABEL", "CONFIDENCE")]
    rows += [
        (f"{segment.start_s:.2f}", f"{segment.end_s:.2f}", segment.label, f"{segment.confidence:.0%}")
        for segment in timeline.segments
    ]
    _print_table(rows)
    if timeline.eeg:
        print(f"\n{describe(timeline.eeg)}")
    print(f"\n{timeline.notice}\n{out / VIDEO_FILE}")


if __name__ == "__main__":
    sys.exit(main())
