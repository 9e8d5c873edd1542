"""What can be wrong with a request: one stable code each, and the HTTP status it is answered with."""

from enum import StrEnum

from inference.errors import Code


class WebCode(StrEnum):
    """What only the web application refuses; all else comes from inference.errors.Code."""

    CONSENT_MISSING = "consent_missing"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    NOTHING_TO_EXPORT = "nothing_to_export"
    NOT_READY = "not_ready"
    ALREADY_OVER = "already_over"


class RequestError(Exception):
    """A request that cannot be done. `message` says what is wrong and what to do, for the person who asked."""

    def __init__(self, code: WebCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


# 400: ask for something else. 413: send less. 415: another kind of file is needed.
# 422: the right kind of file, but what it holds cannot be read. 409: not now.
STATUSES: dict[Code | WebCode, int] = {
    WebCode.CONSENT_MISSING: 400,
    Code.MISSING_FILE: 400,
    Code.UNKNOWN_MODEL: 400,
    Code.MODEL_UNSUITED: 400,
    Code.UNKNOWN_FORMAT: 404,  # a format is part of the address
    WebCode.NOTHING_TO_EXPORT: 404,
    Code.TOO_LARGE: 413,
    Code.NOT_A_VIDEO: 415,
    Code.NOT_AUDIO: 415,
    Code.NOT_MAT: 415,
    Code.EMPTY_FILE: 422,
    Code.TRUNCATED_VIDEO: 422,
    Code.NO_PICTURE: 422,
    Code.ZERO_LENGTH: 422,
    Code.TOO_LONG: 422,
    Code.AUDIO_LENGTH: 422,
    Code.MAT_OBJECTS: 422,
    Code.EEG_CHANNELS: 422,
    Code.EEG_NOT_FINITE: 422,
    Code.EEG_TRIAL: 422,
    Code.EEG_SAMPLING_RATE: 422,
    Code.EEG_LENGTH: 422,
    Code.NOT_COPYABLE: 422,
    WebCode.IDEMPOTENCY_KEY_REUSED: 422,
    WebCode.NOT_READY: 409,
    WebCode.ALREADY_OVER: 409,
}
