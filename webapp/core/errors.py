"""What can be wrong with a request: one stable code each, and the HTTP status it is answered with."""

from enum import StrEnum
from http import HTTPStatus
from typing import Any

from inference.errors import Code, InputError


class WebCode(StrEnum):
    """What only the web application refuses; all else comes from inference.errors.Code."""

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
    WEBHOOK_URL = "webhook_url"
    WEBHOOK_ADDRESS = "webhook_address"
    WEBHOOK_LIMIT = "webhook_limit"
    WEBHOOK_OFF = "webhook_off"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    MODEL_UNAVAILABLE = "model_unavailable"
    MEDIA_KEY = "media_key"
    MEDIA_DAMAGED = "media_damaged"


class RequestError(Exception):
    """A request that cannot be done.

    `message` says what is wrong and what to do, for the person who asked; `field` which part of the request it
    concerns, where that is one.
    """

    def __init__(self, code: WebCode, message: str, field: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field


# Errors about a field beside the files; all others name the file that they are about.
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
    """The field of a request or form that an error is about; None where it is about no one field."""
    return _FIELDS.get(error.code) or (error.file if isinstance(error, InputError) else error.field)


def not_there() -> RequestError:
    return RequestError(
        WebCode.STORAGE_UNAVAILABLE,
        "A file of this recording is not where it is kept. The operator has to mount or restore what is missing. "
        "Nothing else is lost: try again then.",
    )


def cut_short() -> RequestError:
    return RequestError(
        WebCode.REQUEST_TIMEOUT,
        "The request did not come whole, or took too long. Send it again; large files come better in parts.",
    )


def no_room() -> RequestError:
    return RequestError(
        WebCode.DISK_FULL, "The server has no room for this. The operator has to make room: try again then."
    )


# 400: ask for something else. 413: send less. 415: another kind of file is needed.
# 422: the right kind of file, but what it holds cannot be read. 409: not now.
# 401: say who you are, better. 429: not so much at once. 408: be quicker. 411, 412, 423, 460, 507: as the tus protocol
# and HTTP say.
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
    Code.UNKNOWN_FORMAT: 404,  # a format is part of the address
    WebCode.NOTHING_TO_EXPORT: 404,
    Code.TOO_LARGE: 413,
    Code.NOT_A_VIDEO: 415,
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
    WebCode.UPLOAD_UNKNOWN: 400,  # named in a request; at its own address it is 404
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
    WebCode.SECOND_FACTOR_UNREADABLE: 409,  # until somebody removes it
    WebCode.LAST_ADMINISTRATOR: 409,
    WebCode.VIEW_ONLY: 403,
    WebCode.SHARING_CONSENT_MISSING: 400,
    WebCode.SHARE_PERSON: 400,
    WebCode.SHARE_EXISTS: 409,
    WebCode.SHARE_EXPIRY: 400,
    WebCode.WEBHOOK_URL: 400,
    WebCode.WEBHOOK_ADDRESS: 400,
    WebCode.WEBHOOK_LIMIT: 409,
    WebCode.WEBHOOK_OFF: 409,
    WebCode.STORAGE_UNAVAILABLE: 503,
    WebCode.MODEL_UNAVAILABLE: 503,
    WebCode.MEDIA_KEY: 503,
    WebCode.MEDIA_DAMAGED: 500,
}

# After which it makes sense to ask again.
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


def problem(status: int, code: str, detail: str) -> dict[str, Any]:
    """The body of an answer of PROBLEM_TYPE (RFC 9457)."""
    title = HTTPStatus(status).phrase if status != CHECKSUM_MISMATCH else "Checksum Mismatch"
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
