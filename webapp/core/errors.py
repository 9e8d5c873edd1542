"""Stable error codes of requests, and their HTTP statuses."""

from enum import StrEnum
from http import HTTPStatus
from typing import Any

from inference.errors import Code, InputError


class WebCode(StrEnum):
    """The web application's error codes; those about files and models are in inference.errors.Code."""

    PARSE_ERROR = "parse_error"
    CONSENT_MISSING = "consent_missing"
    PURPOSE_FORBIDDEN = "purpose_forbidden"
    PURPOSE_NOTE_MISSING = "purpose_note_missing"
    RETENTION_ERASES = "retention_erases"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    NOTHING_TO_EXPORT = "nothing_to_export"
    NOT_READY = "not_ready"
    ALREADY_OVER = "already_over"
    NAME_TAKEN = "name_taken"
    TOO_MANY = "too_many"
    FACES_NOT_KEPT = "faces_not_kept"
    REVISION_CONFLICT = "revision_conflict"
    NO_CORRECTIONS = "no_corrections"
    TUS_VERSION = "tus_version"
    UPLOAD_LENGTH = "upload_length"
    UPLOAD_LENGTH_DEFERRED = "upload_length_deferred"
    UPLOAD_METADATA = "upload_metadata"
    FILE_NAME = "file_name"
    UPLOAD_OFFSET_MISSING = "upload_offset_missing"
    UPLOAD_OFFSET = "upload_offset"
    UPLOAD_OVERRUN = "upload_overrun"
    UPLOAD_TYPE = "upload_type"
    UPLOAD_CHECKSUM = "upload_checksum"
    UPLOAD_CORRUPTED = "upload_corrupted"
    UPLOAD_BUSY = "upload_busy"
    UPLOAD_UNKNOWN = "upload_unknown"
    UPLOAD_INCOMPLETE = "upload_incomplete"
    UPLOADS_BUSY = "uploads_busy"
    TOO_MANY_UPLOADS = "too_many_uploads"
    REQUEST_TIMEOUT = "request_timeout"
    CHECKS_BUSY = "checks_busy"
    CONTENT_LENGTH = "content_length"
    DISK_FULL = "disk_full"
    UNAVAILABLE = "unavailable"
    TIMED_OUT = "timed_out"
    QUOTA_BYTES = "quota_bytes"
    QUOTA_MINUTES = "quota_minutes"
    QUOTA_ANALYSES = "quota_analyses"
    QUOTA_UPLOADS = "quota_uploads"
    CODE_REQUIRED = "code_required"
    WRONG_CODE = "wrong_code"
    TOO_MANY_CODES = "too_many_codes"
    SECOND_FACTOR_UNREADABLE = "second_factor_unreadable"
    LAST_ADMINISTRATOR = "last_administrator"
    VIEW_ONLY = "view_only"
    SHARING_CONSENT_MISSING = "sharing_consent_missing"
    SHARE_PERSON = "share_person"
    SHARE_EXISTS = "share_exists"
    SHARE_EXPIRY = "share_expiry"
    NOT_IN_PROJECT = "not_in_project"
    STUDY_LIMIT = "study_limit"
    VARIABLE_IN_USE = "variable_in_use"
    VALUE_CONFLICT = "value_conflict"
    VALUE_TABLE = "value_table"
    NAME_PATTERN = "name_pattern"
    MARKER_RANGE = "marker_range"
    MARKER_OVERLAP = "marker_overlap"
    MARKER_ANCHOR = "marker_anchor"
    STIMULUS_LENGTH = "stimulus_length"
    IMPORT_RECORDING = "import_recording"
    NO_STIMULI = "no_stimuli"
    COLLECTION_CLOSED = "collection_closed"
    SHOWN_STIMULI = "shown_stimuli"
    WEBHOOK_URL = "webhook_url"
    WEBHOOK_ADDRESS = "webhook_address"
    WEBHOOK_LIMIT = "webhook_limit"
    WEBHOOK_OFF = "webhook_off"
    NOTHING_TO_COMPARE = "nothing_to_compare"
    COMPARISON_LEVELS = "comparison_levels"
    COMPARISON_TOO_FEW = "comparison_too_few"
    COMPARISON_BOTH_LEVELS = "comparison_both_levels"
    COMPARISON_MIXED_MODELS = "comparison_mixed_models"
    COMPARISON_MEASURE = "comparison_measure"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    MODEL_UNAVAILABLE = "model_unavailable"
    MEDIA_KEY = "media_key"
    MEDIA_DAMAGED = "media_damaged"


class RequestError(Exception):
    """A request that is refused or fails.

    `message` tells the user what is wrong and what to do; `field` names the request's field that it concerns, if any.
    """

    def __init__(self, code: WebCode, message: str, field: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field


# Errors about a form field; the other errors of inference carry the name of their file field.
_FIELDS: dict[Code | WebCode, str] = {
    Code.EEG_TRIAL: "eeg_trial",
    Code.EEG_SAMPLING_RATE: "eeg_sfreq",
    Code.EEG_UNIT: "eeg_unit",
    Code.EEG_AMPLITUDE: "eeg_unit",
    Code.UNKNOWN_MODEL: "model",
    Code.MODEL_UNSUITED: "model",
    WebCode.CONSENT_MISSING: "consent",
    WebCode.PURPOSE_FORBIDDEN: "purpose",
    WebCode.PURPOSE_NOTE_MISSING: "purpose_note",
}


def field_of(error: InputError | RequestError) -> str | None:
    """The field of a request or form that an error concerns, if it is a single one."""
    return _FIELDS.get(error.code) or (error.file if isinstance(error, InputError) else error.field)


def file_missing() -> RequestError:
    """The error where a stored file does not exist."""
    return RequestError(
        WebCode.STORAGE_UNAVAILABLE,
        "A file of this recording is not where it is kept. The operator has to mount or restore what is missing. "
        "Nothing else is lost: try again then.",
    )


def incomplete_request() -> RequestError:
    """The error where a request's body is truncated or too slow."""
    return RequestError(
        WebCode.REQUEST_TIMEOUT,
        "The request did not come whole, or took too long. Send it again; large files come better in parts.",
    )


def disk_full() -> RequestError:
    """The error where the disk has no room."""
    return RequestError(
        WebCode.DISK_FULL, "The server has no room for this. The operator has to make room: try again then."
    )


# 422: a file of the right type whose contents cannot be used. 409: not in the present state. 412, 423, 460: as tus
# defines them.
CHECKSUM_MISMATCH = 460
STATUSES: dict[Code | WebCode, int] = {
    WebCode.PARSE_ERROR: 400,
    WebCode.CONSENT_MISSING: 400,
    WebCode.PURPOSE_FORBIDDEN: 422,
    WebCode.PURPOSE_NOTE_MISSING: 400,
    WebCode.RETENTION_ERASES: 409,
    Code.MISSING_FILE: 400,
    Code.UNKNOWN_MODEL: 400,
    Code.MODEL_UNSUITED: 400,
    Code.UNKNOWN_FORMAT: 404,  # the format is part of the URL
    WebCode.NOTHING_TO_EXPORT: 404,
    Code.TOO_LARGE: 413,
    Code.NOT_A_VIDEO: 415,
    Code.NOT_A_PICTURE: 415,
    Code.NOT_PLAYABLE: 415,
    Code.NOT_AUDIO: 415,
    Code.NOT_MAT: 415,
    Code.FILE_EXTENSION: 415,
    Code.MIXED_FILE: 415,
    Code.CODEC: 415,
    Code.EMPTY_FILE: 422,
    Code.TOO_MANY_TRACKS: 422,
    Code.CLOCK_JUMPS: 422,
    Code.JOINED_RECORDINGS: 422,
    Code.VIDEO_LENGTH: 422,
    Code.FILE_CHANGED: 422,
    Code.AUDIO_SIZE: 422,
    Code.TRUNCATED_VIDEO: 422,
    Code.NO_PICTURE: 422,
    Code.ZERO_LENGTH: 422,
    Code.TOO_LONG: 422,
    Code.TOO_MANY_PIXELS: 422,
    Code.AUDIO_LENGTH: 422,
    Code.AUDIO_CHANNELS: 422,
    Code.AUDIO_NOT_FINITE: 422,
    Code.AUDIO_LEVEL: 422,
    Code.MAT_OBJECTS: 422,
    Code.EEG_CHANNELS: 422,
    Code.EEG_NOT_FINITE: 422,
    Code.EEG_TRIAL: 422,
    Code.EEG_SAMPLING_RATE: 422,
    Code.EEG_UNIT: 422,
    Code.EEG_AMPLITUDE: 422,
    Code.EEG_QUALITY: 422,
    Code.EEG_LENGTH: 422,
    Code.NOT_COPYABLE: 422,
    Code.CORRECTION_GAP: 422,
    Code.CORRECTION_OVERLAP: 422,
    Code.CORRECTION_LABEL: 422,
    Code.CORRECTION_RANGE: 422,
    Code.BASELINE_RANGE: 422,
    Code.BASELINE_SHORT: 422,
    Code.BASELINE_UNDETERMINED: 422,
    Code.IMPORT_FORMAT: 415,
    Code.IMPORT_UNREADABLE: 422,
    Code.READER_CRASHED: 422,
    Code.TOO_COSTLY: 422,
    WebCode.IDEMPOTENCY_KEY_REUSED: 422,
    WebCode.NOT_READY: 409,
    WebCode.ALREADY_OVER: 409,
    WebCode.NAME_TAKEN: 409,
    WebCode.TOO_MANY: 400,
    WebCode.FACES_NOT_KEPT: 404,
    WebCode.REVISION_CONFLICT: 409,
    WebCode.NO_CORRECTIONS: 409,
    WebCode.TUS_VERSION: 412,
    WebCode.UPLOAD_LENGTH: 400,
    WebCode.UPLOAD_LENGTH_DEFERRED: 400,
    WebCode.UPLOAD_METADATA: 400,
    WebCode.FILE_NAME: 400,
    WebCode.UPLOAD_OFFSET_MISSING: 400,
    WebCode.UPLOAD_OFFSET: 409,
    WebCode.UPLOAD_OVERRUN: 413,
    WebCode.UPLOAD_TYPE: 415,
    WebCode.UPLOAD_CHECKSUM: 400,
    WebCode.UPLOAD_CORRUPTED: CHECKSUM_MISMATCH,
    WebCode.UPLOAD_BUSY: 423,
    WebCode.UPLOAD_UNKNOWN: 400,  # an upload id in a request body; at its own URL it is 404
    WebCode.UPLOAD_INCOMPLETE: 409,
    WebCode.UPLOADS_BUSY: 503,
    WebCode.TOO_MANY_UPLOADS: 429,
    WebCode.REQUEST_TIMEOUT: 408,
    WebCode.CHECKS_BUSY: 503,
    WebCode.CONTENT_LENGTH: 411,
    WebCode.DISK_FULL: 507,
    WebCode.UNAVAILABLE: 503,
    WebCode.TIMED_OUT: 503,
    WebCode.QUOTA_BYTES: 413,
    WebCode.QUOTA_MINUTES: 413,
    WebCode.QUOTA_ANALYSES: 429,
    WebCode.QUOTA_UPLOADS: 429,
    WebCode.CODE_REQUIRED: 401,
    WebCode.WRONG_CODE: 401,
    WebCode.TOO_MANY_CODES: 429,
    WebCode.SECOND_FACTOR_UNREADABLE: 409,  # until an administrator resets it
    WebCode.LAST_ADMINISTRATOR: 409,
    WebCode.VIEW_ONLY: 403,
    WebCode.SHARING_CONSENT_MISSING: 400,
    WebCode.SHARE_PERSON: 400,
    WebCode.SHARE_EXISTS: 409,
    WebCode.SHARE_EXPIRY: 400,
    WebCode.NOT_IN_PROJECT: 409,
    WebCode.STUDY_LIMIT: 409,
    WebCode.VARIABLE_IN_USE: 409,
    WebCode.VALUE_CONFLICT: 409,
    WebCode.VALUE_TABLE: 422,
    WebCode.NAME_PATTERN: 422,
    WebCode.MARKER_RANGE: 422,
    WebCode.MARKER_OVERLAP: 422,
    WebCode.MARKER_ANCHOR: 422,
    WebCode.STIMULUS_LENGTH: 422,
    WebCode.IMPORT_RECORDING: 422,
    WebCode.NO_STIMULI: 409,
    WebCode.COLLECTION_CLOSED: 410,
    WebCode.SHOWN_STIMULI: 422,
    WebCode.WEBHOOK_URL: 400,
    WebCode.WEBHOOK_ADDRESS: 400,
    WebCode.WEBHOOK_LIMIT: 409,
    WebCode.WEBHOOK_OFF: 409,
    WebCode.NOTHING_TO_COMPARE: 409,
    WebCode.COMPARISON_LEVELS: 422,
    WebCode.COMPARISON_TOO_FEW: 422,
    WebCode.COMPARISON_BOTH_LEVELS: 422,
    WebCode.COMPARISON_MIXED_MODELS: 422,
    WebCode.COMPARISON_MEASURE: 422,
    WebCode.STORAGE_UNAVAILABLE: 503,
    WebCode.MODEL_UNAVAILABLE: 503,
    WebCode.MEDIA_KEY: 503,
    WebCode.MEDIA_DAMAGED: 500,
}

# Seconds for Retry-After.
RETRY_SECONDS: dict[Code | WebCode, str] = {
    WebCode.NOT_READY: "5",
    WebCode.UNAVAILABLE: "5",
    WebCode.TIMED_OUT: "5",
    WebCode.UPLOADS_BUSY: "5",
    WebCode.TOO_MANY_UPLOADS: "5",
    WebCode.CHECKS_BUSY: "5",
    WebCode.STORAGE_UNAVAILABLE: "30",
    WebCode.DISK_FULL: "300",
    WebCode.MODEL_UNAVAILABLE: "300",
    WebCode.MEDIA_KEY: "300",
}

PROBLEM_TYPE = "application/problem+json"


def problem_details(status: int, code: str, detail: str) -> dict[str, Any]:
    """The body of a problem+json response (RFC 9457)."""
    title = HTTPStatus(status).phrase if status != CHECKSUM_MISMATCH else "Checksum Mismatch"
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
