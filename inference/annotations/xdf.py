"""Marker streams of XDF files, which LSL's LabRecorder writes (https://github.com/sccn/xdf/wiki/Specifications)."""

from pathlib import Path
from typing import Any

from inference.annotations.types import Annotation, one_line, unreadable


def read_xdf(path: Path, zero_stream: str, zero_s: float | None) -> list[Annotation]:
    """The samples of all streams of text, with the name of their stream as tier.

    Times count from the first sample of `zero_stream`, or without one from `zero_s`, a time of LSL's clock. Raises
    InputError(IMPORT_UNREADABLE).
    """
    import pyxdf

    try:
        about = pyxdf.resolve_streams(str(path))
    except Exception as error:  # pyxdf raises whatever a broken chunk leads to
        raise unreadable("The file is no XDF file: export it again.") from error
    texts = [each for each in about if each["channel_format"] == "string"]
    zero = [each for each in about if each["name"] == zero_stream] if zero_stream else []
    names = ", ".join(f"“{one_line(str(each['name']))}”" for each in about[:20]) or "none"
    if not texts:
        raise unreadable(f"The file has no stream of text markers: its streams are {names}.")
    if (zero_stream and len(zero) != 1) or (not zero_stream and zero_s is None):
        raise unreadable(
            f"Say which stream begins with the recording, or when it began: the file's streams are {names}."
        )
    try:
        wanted = {each["stream_id"] for each in (*texts, *zero)}
        streams = {each["info"]["stream_id"]: each for each in pyxdf.load_xdf(str(path), sorted(wanted))[0]}
    except Exception as error:
        raise unreadable("The XDF file is damaged: export it again.") from error
    if zero_stream:
        times = streams[zero[0]["stream_id"]]["time_stamps"]
        if not len(times):
            raise unreadable(f"The stream “{zero_stream}” has no samples: name another one.")
        zero_s = float(times[0])
    assert zero_s is not None
    return [
        Annotation(time_s - zero_s, time_s - zero_s, text, name, place=f"stream “{name}”, {time_s - zero_s:.3f} s")
        for each in texts
        for name, time_s, text in _samples(streams[each["stream_id"]])
    ]


def _samples(stream: Any) -> list[tuple[str, float, str]]:
    """Name, time (s of LSL's clock) and text of each sample with a text; channels are joined."""
    name = one_line(str(stream["info"]["name"][0]))
    found = []
    for time_s, channels in zip(stream["time_stamps"], stream["time_series"], strict=True):
        if text := one_line(" ".join(str(channel) for channel in channels)):
            found.append((name, float(time_s), text))
    return found
