"""Which packets of a video track have to be decoded for the frames that are shown at given times."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any

import av

_MAX_WAITING = 64  # packets held back until it is known what is shown after them


def needed_packets(
    packets: Iterable["av.Packet[Any]"], times: Sequence[float], start_s: float
) -> Iterator[tuple["av.Packet[Any]", bool]]:
    """Yield each packet of a video track, and whether its frame is shown at one of the rising `times`.

    `times` are seconds from `start_s` of the container's clock. Packets without timestamps count as needed, and so
    does the frame that is shown first, because it is repeated before its time.
    """
    waiting: deque[tuple[av.Packet[Any], float | None]] = deque()
    first_s, decoded_s = inf, -inf
    for packet in packets:
        shown = shown_s(packet, start_s)
        waiting.append((packet, shown))
        if shown is not None:
            first_s = min(first_s, shown)
            assert packet.dts is not None
            decoded_s = max(decoded_s, seconds(packet, packet.dts) - start_s)
        while waiting and (needed := _is_needed(waiting, times, first_s, decoded_s)) is not None:
            yield waiting.popleft()[0], needed
    while waiting:
        yield waiting[0][0], _is_needed(waiting, times, first_s, inf) is not False
        waiting.popleft()


def shown_s(packet: "av.Packet[Any]", start_s: float) -> float | None:
    """Return when a packet's frame is shown, seconds from `start_s`; None without timestamps, or if it never is."""
    if packet.pts is None or packet.dts is None or packet.is_discard:
        return None
    return seconds(packet, packet.pts) - start_s


def seconds(packet: "av.Packet[Any]", ticks: int) -> float:
    """Return the same number as `frame.time` does: times may coincide with a frame's."""
    return ticks * packet.time_base.numerator / packet.time_base.denominator


def _is_needed(
    waiting: Sequence[tuple["av.Packet[Any]", float | None]], times: Sequence[float], first_s: float, decoded_s: float
) -> bool | None:
    """Return whether the first of the waiting packets is needed; None until more packets are known.

    No later packet is shown before `decoded_s`, the latest decoding time.
    """
    shown = waiting[0][1]
    if shown is None or shown <= first_s:
        return True
    next_time = bisect_left(times, shown)
    if next_time == len(times):
        return False
    until_s = times[next_time]
    if any(other is not None and shown < other <= until_s for _, other in waiting):
        return False
    return True if decoded_s > until_s or len(waiting) >= _MAX_WAITING else None
