"""Why conditions cannot be compared."""

from enum import StrEnum


class Refusal(StrEnum):
    """The reasons; they are error codes of REST."""

    LEVELS = "comparison_levels"
    TOO_FEW = "comparison_too_few"
    BOTH_LEVELS = "comparison_both_levels"


class RefusedError(Exception):
    """A comparison that would say nothing, or something wrong. `message` says what is wrong and what to do."""

    def __init__(self, code: Refusal, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
