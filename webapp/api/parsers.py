"""A JSON parser that refuses what the database or Python cannot process."""

from typing import Any

from rest_framework import parsers

from webapp.core.errors import RequestError, WebCode

MAX_DEPTH = 20


class JSONParser(parsers.JSONParser):
    """Refuses JSON that is nested too deeply or contains lone surrogates."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """Raises RequestError(PARSE_ERROR)."""
        try:
            data = super().parse(*args, **kwargs)
        except RecursionError:
            raise _too_deep() from None
        _check(data, MAX_DEPTH)
        return data


def _check(data: Any, levels: int) -> None:
    if isinstance(data, dict | list):
        if not levels:
            raise _too_deep()
        for each in data:
            _check(each, levels - 1)
            if isinstance(data, dict):
                _check(data[each], levels - 1)
    elif isinstance(data, str) and any("\ud800" <= character <= "\udfff" for character in data):
        raise RequestError(
            WebCode.PARSE_ERROR, "A text holds half a character, a surrogate without the other. Send whole characters."
        )


def _too_deep() -> RequestError:
    return RequestError(WebCode.PARSE_ERROR, f"This JSON is nested too deep. Send {MAX_DEPTH} levels at most.")
