"""Where decoding begins for the frame at a time: at the keyframe before it."""

from collections.abc import Iterable, Iterator
from typing import Any

import av

from inference.media.needed_packets import seconds, shown_s

_MAX_HELD = 600  # packets; of a longer group of pictures, all are decoded


def from_keyframe(packets: Iterable["av.Packet[Any]"], time: float, start_s: float) -> Iterator["av.Packet[Any]"]:
    """Yield the packets of a video track from the last keyframe on that is shown at `time` or before.

    `time` is in seconds from `start_s` of the container's clock. Nothing is sought: not every container has an index,
    and reading packets costs little beside decoding them.
    """
    stream = iter(packets)
    held: list[av.Packet[Any]] = []
    for packet in stream:
        shown = shown_s(packet, start_s)
        if shown is not None and packet.is_keyframe and shown <= time:
            held.clear()
        held.append(packet)
        # No later packet is shown before this one's decoding time.
        if packet.dts is not None and seconds(packet, packet.dts) - start_s > time:
            break
        if len(held) > _MAX_HELD:
            yield from held
            held.clear()
    yield from held
    yield from stream
