"""Errors of an input, each with a stable code that the command line, REST and the pages share."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class Code(StrEnum):
    """What is wrong with an input."""

    MISSING_FILE = "missing_file"
    EMPTY_FILE = "empty_file"
    NOT_A_VIDEO = "not_a_video"
    NOT_A_PICTURE = "not_a_picture"
    NOT_PLAYABLE = "not_playable"
    FILE_EXTENSION = "file_extension"
    MIXED_FILE = "mixed_file"
    CODEC = "codec"
    TOO_MANY_TRACKS = "too_many_tracks"
    CLOCK_JUMPS = "clock_jumps"
    JOINED_RECORDINGS = "joined_recordings"
    VIDEO_LENGTH = "video_length"
    FILE_CHANGED = "file_changed"
    TRUNCATED_VIDEO = "truncated_video"
    NO_PICTURE = "no_picture"
    ZERO_LENGTH = "zero_length"
    TOO_LONG = "too_long"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_LARGE = "too_large"
    NOT_AUDIO = "not_audio"
    AUDIO_SIZE = "audio_size"
    AUDIO_LENGTH = "audio_length"
    AUDIO_CHANNELS = "audio_channels"
    AUDIO_NOT_FINITE = "audio_not_finite"
    AUDIO_LEVEL = "audio_level"
    NOT_MAT = "not_mat"
    MAT_OBJECTS = "mat_objects"
    EEG_CHANNELS = "eeg_channels"
    EEG_NOT_FINITE = "eeg_not_finite"
    EEG_TRIAL = "eeg_trial"
    EEG_SAMPLING_RATE = "eeg_sampling_rate"
    EEG_LENGTH = "eeg_length"
    EEG_UNIT = "eeg_unit"
    EEG_AMPLITUDE = "eeg_amplitude"
    EEG_QUALITY = "eeg_quality"
    UNKNOWN_MODEL = "unknown_model"
    MODEL_UNSUITED = "model_unsuited"
    UNKNOWN_FORMAT = "unknown_format"
    NOT_COPYABLE = "not_copyable"
    CORRECTION_GAP = "correction_gap"
    CORRECTION_OVERLAP = "correction_overlap"
    CORRECTION_LABEL = "correction_label"
    CORRECTION_RANGE = "correction_range"
    BASELINE_RANGE = "baseline_range"
    BASELINE_SHORT = "baseline_short"
    BASELINE_UNDETERMINED = "baseline_undetermined"
    IMPORT_FORMAT = "import_format"
    IMPORT_UNREADABLE = "import_unreadable"
    READER_CRASHED = "reader_crashed"
    TOO_COSTLY = "too_costly"


class InputError(Exception):
    """An input that cannot be used.

    `message` tells the sender what is wrong and what to do. `file` names the affected file of the recording, "video",
    "audio" or "eeg", or the "picture" of a stimulus, where it is known.
    """

    def __init__(self, code: Code, message: str, file: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.file = file


@contextmanager
def about_file(file: str) -> Iterator[None]:
    """Set the affected `file` of each InputError that the block raises."""
    try:
        yield
    except InputError as error:
        error.file = error.file or file
        raise
