"""What can go wrong. Every error has a stable `code` and a message for a person."""

from collections.abc import Mapping
from typing import Any

import httpx


class EmotraceError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ProblemError(EmotraceError):
    """The server refused. `status` is the HTTP status, `errors` what is wrong with each field."""

    def __init__(self, status: int, code: str, message: str, errors: Mapping[str, list[str]]) -> None:
        super().__init__(code, message)
        self.status = status
        self.errors = errors

    @classmethod
    def of(cls, response: httpx.Response) -> "ProblemError":
        """What a response says that has been read."""
        try:
            said: Any = response.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or "code" not in said:
            return cls(response.status_code, f"http_{response.status_code}", f"{response.url} answered no more.", {})
        errors = {str(name): [str(each) for each in found] for name, found in said.get("errors", {}).items()}
        words = "; ".join(f"{name}: {' '.join(found)}" for name, found in errors.items())
        detail = str(said.get("detail", ""))
        return cls(
            response.status_code, str(said["code"]), f"{detail} {words}" if words not in detail else detail, errors
        )


class ConnectionLostError(EmotraceError):
    """The server cannot be reached, however often it was tried."""

    def __init__(self, error: Exception) -> None:
        super().__init__("connection_lost", f"The server cannot be reached ({error or type(error).__name__}).")


class AnalysisFailedError(EmotraceError):
    """The analysis that was waited for has ended without a result."""
