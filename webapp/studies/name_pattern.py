"""Names of recordings that say whom and what they show: `{participant}_{advert}_{session}`. Pure text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from webapp.core.errors import RequestError, WebCode
from webapp.studies.models import NAME_MAX_LENGTH

PARTICIPANT = "participant"
PATTERN_MAX_LENGTH = 200
MAX_ANYTHING = 2  # asterisks: more make matching slow, and nobody can say what they would match
_PARTS = re.compile(r"{([^{}]*)}|(\*)|([^{}*]+)")


@dataclass(frozen=True)
class Assignment:
    """What a name says: {field: text}."""

    name: str
    values: dict[str, str]


@dataclass(frozen=True)
class Misfit:
    """A name that the pattern does not fit, and why."""

    name: str
    reason: str


def fields_of(pattern: str) -> tuple[str, ...]:
    """The pattern's fields in their order. Raises RequestError(NAME_PATTERN)."""
    return tuple(text for kind, text in _parse(pattern) if kind == "field")


def assign(pattern: str, names: Sequence[str]) -> list[Assignment | Misfit]:
    """What each name says by the pattern, ignoring case in what is between its fields.

    A field ends before the first occurrence of the text that follows it in the pattern. At the end of the pattern it
    lacks the sign that stands before it. `*` is anything. Raises RequestError(NAME_PATTERN) for a pattern without
    fields, or one that fits none of the names.
    """
    parts = _parse(pattern)
    fields = [text for kind, text in parts if kind == "field"]
    matching = _compile(parts)
    found: list[Assignment | Misfit] = []
    for name in names:
        match = matching.fullmatch(name)
        values = [" ".join(value.split()) for value in match.groups()] if match else []
        if match is None:
            found.append(Misfit(name, f"It does not look like {pattern}."))
        elif blank := [field for field, value in zip(fields, values, strict=True) if not value]:
            found.append(Misfit(name, f"Nothing stands where {{{blank[0]}}} should be."))
        elif long := [value for value in values if len(value) > NAME_MAX_LENGTH]:
            found.append(Misfit(name, f"“{long[0][:20]}…” has more than {NAME_MAX_LENGTH} characters."))
        else:
            found.append(Assignment(name, dict(zip(fields, values, strict=True))))
    if names and all(isinstance(each, Misfit) for each in found):
        raise _error(f"The pattern {pattern} fits none of the names, such as “{names[0]}”: change it.")
    return found


def _parse(pattern: str) -> list[tuple[str, str]]:
    """The parts of the pattern as (field | anything | text, its text)."""
    if len(pattern) > PATTERN_MAX_LENGTH:
        raise _error(f"A pattern has {PATTERN_MAX_LENGTH} characters at most.")
    parts, end = [], 0
    for match in _PARTS.finditer(pattern):
        if match.start() != end:
            break
        end = match.end()
        field, anything, text = match.groups()
        kind = "anything" if anything else "text" if field is None else "field"
        parts.append((kind, text or anything or " ".join((field or "").split())))
    if end != len(pattern):
        raise _error(f"The pattern {pattern} has a brace without its other one: write fields as {{participant}}.")
    fields = [text.casefold() for kind, text in parts if kind == "field"]
    if not fields or "" in fields:
        raise _error(f"The pattern “{pattern}” has no field: name one or more in braces, such as {{participant}}.")
    if twice := [field for field in fields if fields.count(field) > 1]:
        raise _error(f"The pattern {pattern} has {{{twice[0]}}} twice: keep one of them.")
    if any(len(field) > NAME_MAX_LENGTH for field in fields):
        raise _error(f"A field has a name of {NAME_MAX_LENGTH} characters at most.")
    if sum(kind == "anything" for kind, _ in parts) > MAX_ANYTHING:
        raise _error(f"The pattern {pattern} has more than {MAX_ANYTHING} asterisks: write what is between them.")
    if any(first != "text" and second != "text" for (first, _), (second, _) in pairwise(parts)):
        raise _error(f"The pattern {pattern} has two fields with nothing between them: nobody can tell them apart.")
    return parts


def _compile(parts: list[tuple[str, str]]) -> re.Pattern[str]:
    """An expression that takes time in proportion to the name, and to its power where there are asterisks."""
    pattern = ""
    for index, (kind, text) in enumerate(parts):
        before = parts[index - 1][1] if index else ""
        after = parts[index + 1][1] if index + 1 < len(parts) else ""
        if kind == "text":
            pattern += re.escape(text)
        elif kind == "anything":
            pattern += ".*?"
        else:
            border = after or ("" if before.isalnum() else before)
            pattern += f"((?:(?!{re.escape(border)}).)*+)" if border else "(.*)"
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _error(message: str) -> RequestError:
    return RequestError(WebCode.NAME_PATTERN, message, field="pattern")
