"""JSON: the whole timeline, as the command line and REST give it."""

import json

from inference.export.codec import encode_timeline
from inference.export.writer import RecordingInfo, Writer
from inference.types import Timeline


def write(timeline: Timeline, _: RecordingInfo) -> bytes:
    """Raise ValueError instead of writing NaN or an infinity, which JSON does not have."""
    return json.dumps(encode_timeline(timeline), allow_nan=False, ensure_ascii=False, indent=1).encode()


WRITER = Writer("json", "application/json", write)
