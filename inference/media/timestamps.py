"""Checks that the timestamps of a recording come from one clock. Otherwise players show only part of it."""

from collections import defaultdict, deque
from typing import Any

import av
from av.container import InputContainer

from inference.errors import Code, InputError
from inference.media.container import start_s

_MAX_BACKWARD_S = 0.1  # a larger step back is a restart of the clock
_MAX_REORDERED = 16  # frames stored before one that is displayed earlier
_MAX_GAP_S = 10.0  # without picture and sound; a longer gap is a jump of the clock
_MAX_FPS = 1000.0
_MAX_DRIFT = 1.1  # ratio of sound's samples and timestamps, either way
_SLACK_S = 0.5
_GAP_SHARE = 0.05  # of a frame's length; a longer gap separates two stretches of sound


class PacketTimestamps:
    """Checks the timestamps of the packets of picture and sound."""

    def __init__(self, container: InputContainer, *, has_sound: bool) -> None:
        self.start_s = start_s(container)
        # Without sound a still picture may last long, but not in a broadcast.
        self._max_gap_s = _MAX_GAP_S if has_sound or container.format.name in ("mpeg", "mpegts") else float("inf")
        self._decoded: dict[int, float] = {}  # latest decoding time of each track without presentation times
        self._presented: dict[int, float] = {}  # latest presentation time that no later packet may precede
        self._recent: defaultdict[int, deque[float]] = defaultdict(deque)
        self._until = float("inf")  # end of the last packet of any track

    def add(self, packet: "av.Packet[Any]") -> None:
        """Check one packet. Raises InputError(CLOCK_JUMPS)."""
        if not packet.size or packet.is_discard or packet.time_base is None:
            return
        duration = float((packet.duration or 0) * packet.time_base)
        track = packet.stream_index
        if packet.pts is not None:
            at = float(packet.pts * packet.time_base)
            self._check_presentation(track, at)
        elif packet.dts is not None:
            at = float(packet.dts * packet.time_base)
            self._check_rising(self._decoded, track, at)
            self._decoded[track] = max(self._decoded.get(track, at), at)
        else:
            return
        if at > self._until + self._max_gap_s:
            raise _clock_jump_error(f"jumps: behind {self._player_time(self._until)} stands {self._player_time(at)}")
        self._until = at + duration if self._until == float("inf") else max(self._until, at + duration)

    def _check_presentation(self, track: int, at: float) -> None:
        self._check_rising(self._presented, track, at)
        recent = self._recent[track]
        recent.append(at)
        if len(recent) > _MAX_REORDERED:
            settled = recent.popleft()
            self._presented[track] = max(self._presented.get(track, settled), settled)

    def _check_rising(self, latest: dict[int, float], track: int, at: float) -> None:
        if at < latest.get(track, at) - _MAX_BACKWARD_S:
            before = max((latest[track], *self._recent[track]))
            raise _clock_jump_error(f"begins anew: behind {self._player_time(before)} stands {self._player_time(at)}")

    def _player_time(self, at: float) -> str:
        return f"{max(0.0, at - self.start_s):.1f} s"


class SoundTimestamps:
    """Compares the length of sound by its samples and by its timestamps."""

    def __init__(self) -> None:
        self._frames = self._gaps = 0
        self._sample_s = 0.0
        self._first_s: float | None = None
        self._end_s = 0.0

    def add(self, frame: av.AudioFrame) -> None:
        """Count one frame."""
        duration = frame.samples / frame.sample_rate
        self._frames += 1
        self._sample_s += duration
        if frame.time is None:
            return
        if self._first_s is None:
            self._first_s = self._end_s = frame.time
        self._gaps += frame.time - self._end_s > _GAP_SHARE * duration
        self._end_s = max(self._end_s, frame.time + duration)

    def check(self) -> None:
        """Raise InputError(CLOCK_JUMPS) where the two lengths differ too much. Pauses may be long."""
        if self._first_s is None:
            return
        span = self._end_s - self._first_s
        crowded = self._sample_s > _MAX_DRIFT * span + _SLACK_S
        torn = span > _MAX_DRIFT * self._sample_s + _SLACK_S and self._gaps > self._frames / 2
        if crowded or torn:
            raise InputError(
                Code.CLOCK_JUMPS,
                f"The sound holds {self._sample_s:.1f} s, and its timestamps say {span:.1f} s. Export the recording "
                "anew as H.264 MP4.",
            )


def check_frame_rate(fps: float) -> None:
    """Raise InputError(CLOCK_JUMPS) for a frame rate beyond that of any camera."""
    if fps > _MAX_FPS:
        raise InputError(
            Code.CLOCK_JUMPS,
            "The frames' timestamps do not rise: all would be shown at once. Export the video anew as H.264 MP4.",
        )


def _clock_jump_error(how: str) -> InputError:
    return InputError(
        Code.CLOCK_JUMPS,
        f"The recording's clock {how}, as where several recordings were put end to end. Send them one by one, or "
        "export them anew as one MP4.",
    )
