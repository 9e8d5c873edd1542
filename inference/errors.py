"""What can be wrong with an input: one stable code each, shared by command line, REST and pages."""

from enum import StrEnum


class Code(StrEnum):
    MISSING_FILE = "missing_file"
    EMPTY_FILE = "empty_file"
    NOT_A_VIDEO = "not_a_video"
    FILE_EXTENSION = "file_extension"
    MIXED_FILE = "mixed_file"
    CODEC = "codec"
    TOO_MANY_TRACKS = "too_many_tracks"
    TRUNCATED_VIDEO = "truncated_video"
    NO_PICTURE = "no_picture"
    ZERO_LENGTH = "zero_length"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    NOT_AUDIO = "not_audio"
    AUDIO_SIZE = "audio_size"
    AUDIO_LENGTH = "audio_length"
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
    READER_CRASHED = "reader_crashed"
    TOO_COSTLY = "too_costly"


class InputError(Exception):
    """An input that cannot be read.

    `message` is one sentence for the person who sent it: what is wrong and what to do.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
