"""The one representation of a timeline, and of its parts, as plain data: result.json, the database and REST use it.

Times (names that end in `_s`) have three decimals, other numbers six. A part that was not recorded (None) is left out.
"""

from typing import Any, TypeVar

import msgspec
import numpy as np

from inference.timeline.baseline import relative_segment
from inference.timeline.dimensions import predict_dimensions
from inference.timeline.summary import summary
from inference.types import TIME_DECIMALS, Timeline

SCHEMA = "emotrace.result/1"
SCORE_DECIMALS = 6

# Names of result.json, in their order.
_ORDER = (
    *("schema", "mode", "media", "models", "labels", "windows", "segments", "summary", "notice"),
    *("faces", "eeg", "corrections", "baseline"),
)

T = TypeVar("T")


def encode(value: object) -> Any:
    """Return a value of `inference.types` as dictionaries, lists, texts and rounded numbers."""
    return _rounded(msgspec.to_builtins(value, enc_hook=_number), SCORE_DECIMALS)


def decode(data: object, kind: type[T]) -> T:
    """Return the value of type `kind` that `encode` made `data` of. Raises ValueError where it is not one."""
    return msgspec.convert(data, kind)


def encode_timeline(timeline: Timeline) -> dict[str, Any]:
    """Return the contents of result.json: the timeline with its schema, its summary and what follows from segments."""
    data = encode(timeline)
    if timeline.faces is not None:
        del data["faces"]["views"]  # the file tells where faces are, not what else is known of them
    for segment, encoded in zip(timeline.segments, data["segments"], strict=True):
        encoded |= encode(predict_dimensions(segment.probabilities))
        if timeline.baseline and (relative := relative_segment(segment, timeline.baseline)):
            encoded["relative"] = encode(relative.probabilities)
    data |= {"schema": SCHEMA, "summary": summary(timeline)}
    return {name: data[name] for name in _ORDER if name in data}


def decode_timeline(data: dict[str, Any]) -> Timeline:
    """Return the timeline in the contents of result.json, to its decimals. Raises ValueError for another schema."""
    if data.get("schema") != SCHEMA:
        raise ValueError(f"not {SCHEMA}: {data.get('schema')!r}")
    return decode(data, Timeline)


def _number(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not part of a timeline")


def _rounded(value: Any, decimals: int) -> Any:
    if isinstance(value, float):
        return round(value, decimals)
    if isinstance(value, list | tuple):
        return [_rounded(item, decimals) for item in value]
    if isinstance(value, dict):
        return {
            name: _rounded(item, TIME_DECIMALS if name.endswith("_s") else SCORE_DECIMALS)
            for name, item in value.items()
            if item is not None
        }
    return value
