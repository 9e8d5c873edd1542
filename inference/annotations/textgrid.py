"""TextGrid files of Praat, in the long and the short text format (https://www.fon.hum.uva.nl/praat/manual/).

Of the text only free-standing numbers, quoted texts and flags count; everything else is for human readers.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from inference.annotations.delimited import decode
from inference.annotations.types import Annotation, one_line, unreadable

_TOKEN = re.compile(r'"((?:[^"]|"")*+)"|(?<!\S)([+-]?\d[\d.]*(?:[eE][+-]?\d+)?)(?!\S)|(<\w+>)')
_BROKEN = "The TextGrid breaks off, or is none: save it as text in Praat."


def read_textgrid(path: Path) -> list[Annotation]:
    """The intervals and points that have a text, with the name of their tier. Raises InputError(IMPORT_UNREADABLE)."""
    tokens = _tokens(decode(path))
    if [_text(tokens), _text(tokens)] != ["ooTextFile", "TextGrid"]:
        raise unreadable(_BROKEN)
    _number(tokens), _number(tokens)
    if next(tokens, None) != "<exists>":
        return []
    found = []
    for _ in range(int(_number(tokens))):
        is_interval, tier = _text(tokens) == "IntervalTier", one_line(_text(tokens))
        _number(tokens), _number(tokens)
        for _ in range(int(_number(tokens))):
            start_s = _number(tokens)
            end_s = _number(tokens) if is_interval else start_s
            if text := one_line(_text(tokens)):
                found.append(Annotation(start_s, end_s, text, tier, place=f"tier “{tier}”, {start_s:.3f} s"))
    return found


def _tokens(text: str) -> Iterator[str | float]:
    """Quoted texts with their first quotation mark, to tell them from flags; numbers."""
    for match in _TOKEN.finditer(text):
        quoted, number, flag = match.groups()
        if number is not None:
            try:
                yield float(number)
            except ValueError:
                raise unreadable(_BROKEN) from None
        else:
            yield flag or '"' + quoted.replace('""', '"')


def _text(tokens: Iterator[str | float]) -> str:
    token = next(tokens, None)
    if not (isinstance(token, str) and token.startswith('"')):
        raise unreadable(_BROKEN)
    return token[1:]


def _number(tokens: Iterator[str | float]) -> float:
    token = next(tokens, None)
    if not isinstance(token, float):
        raise unreadable(_BROKEN)
    return token
