"""A client of Emotrace's REST API.

>>> from emotrace_client import Client
>>> with Client("http://127.0.0.1:8000", token="...") as emotrace:
...     analysis = emotrace.wait(emotrace.upload("interview.mp4", consent=True).analysis.id)
...     for segment in emotrace.segments(analysis.id):
...         print(segment.start_s, segment.end_s, segment.label)
"""

from emotrace_client.client import Client
from emotrace_client.errors import AnalysisFailedError, ConnectionLostError, EmotraceError, ProblemError
from emotrace_client.models import (
    Analysis,
    Baseline,
    Evidence,
    File,
    FoundSegment,
    Model,
    Recording,
    Segment,
    State,
    Summary,
)

__all__ = [
    "Analysis",
    "AnalysisFailedError",
    "Baseline",
    "Client",
    "ConnectionLostError",
    "EmotraceError",
    "Evidence",
    "File",
    "FoundSegment",
    "Model",
    "ProblemError",
    "Recording",
    "Segment",
    "State",
    "Summary",
]
