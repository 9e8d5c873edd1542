"""Whether the timestamps of a recording are those of one clock. Where they are not, players show part of it."""

from collections import defaultdict, deque

import av
from av.container import InputContainer

from inference.errors import Code, InputError
from inference.media.container import start_s

_MAX_BACKWARD_S = 0.1  # by which times may fall without the clock having begun anew
_MAX_REORDERED = 16  # frames, at most, that are stored before one that is shown earlier
_MAX_GAP_S = 10.0  # without picture and sound: a clock that jumped
_MAX_FPS = 1000.0
_MAX_DRIFT = 1.1  # ratio of sound's samples and timestamps, either way
_SLACK_S = 0.5
_GAP_SHARE = 0.05  # of a frame's length, from which on sound does not follow the sound before it


class PacketTimestamps:
    """Watches the packets of a recording's picture and sound."""

    def __init__(self, container: InputContainer, *, has_sound: bool) -> None:
        self.start_s = start_s(container)
        # Without sound a picture may stand still, but not in a broadcast.
        self._hole_s = _MAX_GAP_S if has_sound or container.format.name in ("mpeg", "mpegts") else float("inf")
        self._decoded: dict[int, float] = {}  # latest time of each track whose packets say no other
        self._presented: dict[int, float] = {}  # likewise, of packets that no other may overtake any more
        self._recent: defaultdict[int, deque[float]] = defaultdict(deque)
        self._until = float("inf")  # when the last packet of any track ends

    def add(self, packet: av.Packet) -> None:
        """Raises InputError(CLOCK_JUMPS)."""
        if not packet.size or packet.is_discard or packet.time_base is None:
            return
        duration = float((packet.duration or 0) * packet.time_base)
        track = packet.stream_index
        if packet.pts is not None:
            at = float(packet.pts * packet.time_base)
            self._presents(track, at)
        elif packet.dts is not None:
            at = float(packet.dts * packet.time_base)
            self._rises(self._decoded, track, at)
            self._decoded[track] = max(self._decoded.get(track, at), at)
        else:
            return
        if at > self._until + self._hole_s:
            raise _clock_jump_error(f"jumps: behind {self._shown(self._until)} stands {self._shown(at)}")
        self._until = at + duration if self._until == float("inf") else max(self._until, at + duration)

    def _presents(self, track: int, at: float) -> None:
        self._rises(self._presented, track, at)
        recent = self._recent[track]
        recent.append(at)
        if len(recent) > _MAX_REORDERED:
            settled = recent.popleft()
            self._presented[track] = max(self._presented.get(track, settled), settled)

    def _rises(self, latest: dict[int, float], track: int, at: float) -> None:
        if at < latest.get(track, at) - _MAX_BACKWARD_S:
            before = max((latest[track], *self._recent[track]))
            raise _clock_jump_error(f"begins anew: behind {self._shown(before)} stands {self._shown(at)}")

    def _shown(self, at: float) -> str:
        return f"{max(0.0, at - self.start_s):.1f} s"


class SoundTimestamps:
    """Compares how long sound lasts by its samples and by its timestamps."""

    def __init__(self) -> None:
        self._frames = self._gaps = 0
        self._sounding_s = 0.0
        self._first_s: float | None = None
        self._end_s = 0.0

    def add(self, frame: av.AudioFrame) -> None:
        duration = frame.samples / frame.sample_rate
        self._frames += 1
        self._sounding_s += duration
        if frame.time is None:
            return
        if self._first_s is None:
            self._first_s = self._end_s = frame.time
        self._gaps += frame.time - self._end_s > _GAP_SHARE * duration
        self._end_s = max(self._end_s, frame.time + duration)

    def check(self) -> None:
        """Raises InputError(CLOCK_JUMPS) where the two differ by too much to follow. Pauses in between may be long."""
        if self._first_s is None:
            return
        span = self._end_s - self._first_s
        crowded = self._sounding_s > _MAX_DRIFT * span + _SLACK_S
        torn = span > _MAX_DRIFT * self._sounding_s + _SLACK_S and self._gaps > self._frames / 2
        if crowded or torn:
            raise InputError(
                Code.CLOCK_JUMPS,
                f"The sound holds {self._sounding_s:.1f} s, and its timestamps say {span:.1f} s. Export the recording "
                "anew as H.264 MP4.",
            )


def check_frame_rate(fps: float) -> None:
    """Raises InputError(CLOCK_JUMPS) where frames follow one another faster than any camera takes them."""
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
