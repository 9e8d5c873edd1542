"""Validation of a recording before it is analysed. It imports quickly, for the web process uses it on upload."""

import math
from pathlib import Path

from inference import eeg
from inference.errors import Code, InputError, about_file
from inference.matfile import is_mat_file
from inference.media.formats import AUDIO_FORMATS, VIDEO_FORMATS, check_extension, detect_format
from inference.media.probe import probe_audio, probe_video
from inference.sandbox.client import sandboxed
from inference.types import Inputs, Limits, MediaInfo
from inference.wording import clock

BASE_TIMEOUT_S, BYTES_PER_SECOND = 20.0, 20e6
LENGTH_TOLERANCE_S = 0.5  # by which sound or EEG may differ from the video


def check_extensions(inputs: Inputs) -> None:
    """Compare the extension of each file with its format, which the first bytes decide.

    Raises InputError(FILE_EXTENSION). `check_inputs` refuses unknown formats.
    """
    for name, path, kinds in (("video", inputs.video, VIDEO_FORMATS), ("audio", inputs.audio, AUDIO_FORMATS)):
        if path is not None and (kind := detect_format(path, kinds)):
            with about_file(name):
                check_extension(path, kind, kinds)
    if inputs.eeg is None or not is_mat_file(inputs.eeg.path):
        return
    if inputs.eeg.path.suffix.lower() not in ("", ".mat"):
        raise InputError(Code.FILE_EXTENSION, "The EEG file's name does not end in .mat. Choose a MAT file.", "eeg")


def _timeout_s(inputs: Inputs, limits: Limits) -> float:
    """Return the seconds that validation may take: every file is read once."""
    size = sum(path.stat().st_size for path in _paths(inputs).values() if path.is_file())
    return BASE_TIMEOUT_S + min(size, 3 * limits.max_bytes) / BYTES_PER_SECOND


@sandboxed(timeout=_timeout_s)
def check_inputs(inputs: Inputs, limits: Limits) -> MediaInfo:
    """Check that every file of the recording can be decoded and that they belong together.

    Raises InputError with the code of the first problem.
    """
    for name, path in _paths(inputs).items():
        with about_file(name):
            _check_size(path, limits)
    with about_file("video"):
        media = probe_video(inputs.video)
        if media.duration_s > limits.max_seconds:
            raise InputError(
                Code.TOO_LONG,
                f"The video lasts {clock(media.duration_s)}, longer than the limit of {clock(limits.max_seconds)}. "
                "Cut it.",
            )
        if media.pixels > limits.max_pixels:
            excess = math.ceil(100 * (media.pixels / limits.max_pixels - 1))
            raise InputError(
                Code.TOO_MANY_PIXELS,
                f"{media.duration_s / 60:.0f} minutes of {media.width} x {media.height} at {media.fps:.0f} frames a "
                f"second exceed the allowed number of pixels by {excess} percent. Export "
                "the video smaller, such as at 1920 x 1080, or cut it.",
            )
    if inputs.audio is not None:
        with about_file("audio"):
            _check_same_length(Code.AUDIO_LENGTH, "sound file", probe_audio(inputs.audio), media)
    if inputs.eeg is not None:
        with about_file("eeg"):
            _check_not_longer(eeg.inspect_eeg(inputs.eeg).seconds, media)
    return media


def _paths(inputs: Inputs) -> dict[str, Path]:
    paths = {"video": inputs.video, "audio": inputs.audio, "eeg": inputs.eeg.path if inputs.eeg else None}
    return {name: path for name, path in paths.items() if path is not None}


def _check_size(path: Path, limits: Limits) -> None:
    if path.is_file() and path.stat().st_size > limits.max_bytes:
        raise InputError(
            Code.TOO_LARGE,
            f"{path.name} has {_mb(path.stat().st_size)} MB; {_mb(limits.max_bytes)} MB are allowed. Shorten it.",
        )


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f}"


def _check_same_length(code: Code, what: str, seconds: float, media: MediaInfo) -> None:
    if abs(seconds - media.duration_s) > LENGTH_TOLERANCE_S:
        raise InputError(
            code,
            f"The {what} lasts {seconds:.1f} s and the video {media.duration_s:.1f} s. Cut them to the same length.",
        )


def _check_not_longer(seconds: float, media: MediaInfo) -> None:
    # EEG may end before the video; the rest is analysed without it.
    if seconds > media.duration_s + LENGTH_TOLERANCE_S:
        _check_same_length(Code.EEG_LENGTH, "EEG", seconds, media)
