"""What was recorded, on one clock, and what a front end makes of a window of it."""

from abc import ABCMeta, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.errors import Code, InputError

Crop = Literal["face", "frame"]
Part = TypeVar("Part")


class Images(Protocol):
    """The pictures of a recording, read when they are needed."""

    def sample(self, times_s: NDArray[np.float64], crop: Crop, size: int) -> NDArray[np.uint8]:
        """RGB images (N, size, size, 3) at rising times: the face's square, or the whole frame.

        Where a face was not found, the nearest image with one is taken; a recording without any gives black ones.
        """
        ...


@dataclass(frozen=True)
class Sound:
    """Mono sound: `samples` (N,) float32 in -1..1 at `rate` Hz."""

    samples: NDArray[np.float32]
    rate: int


@dataclass(frozen=True)
class Biosignal:
    """`samples` (channels, N) at `rate` Hz: EEG in microvolt, or whatever the data set records beside it."""

    samples: NDArray[np.float32]
    rate: float
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Signals:
    """One trial. A part that was not recorded is None; `features` are those that a data set ships instead of signals.

    Times are seconds from the trial's start, for all parts alike.
    """

    seconds: float
    images: Images | None = None
    sound: Sound | None = None
    eeg: Biosignal | None = None
    bio: Biosignal | None = None
    """EEG and peripheral channels together, as DEAP and MAHNOB-HCI record them."""
    features: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """By name, (windows, ...), one row a window of the data set."""

    def has(self, part: str) -> bool:
        """Whether the part of this name was recorded."""
        return bool(getattr(self, part))


class _AbstractStruct(msgspec.StructMeta, ABCMeta):
    """The metaclass of a msgspec struct with abstract methods."""


class FrontEnd(msgspec.Struct, metaclass=_AbstractStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a front end; an unknown one is an error."""

    @abstractmethod
    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """The network's input for the window of `seconds` that begins at `start_s`.

        Raises InputError where the trial lacks what is read.
        """


def recorded(part: Part | None, name: str) -> Part:
    """`part`, if it was recorded. Raises InputError(MODEL_UNSUITED) otherwise."""
    if part is None:
        raise InputError(Code.MODEL_UNSUITED, f"this model reads {name}, which the recording lacks")
    return part


def cut(values: NDArray[Any], rate: float, start_s: float, seconds: float) -> NDArray[np.float32]:
    """The window (..., round(seconds * rate)) float32 of a signal (..., N), zeros behind its end."""
    first, length = round(start_s * rate), round(seconds * rate)
    window = values[..., first : first + length]
    missing = length - window.shape[-1]
    return np.pad(window, [(0, 0)] * (window.ndim - 1) + [(0, missing)]).astype(np.float32)
