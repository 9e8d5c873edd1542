"""Write BioSemi's BDF: a header, then records of 1 s with 24-bit numbers (www.biosemi.com/faq/file_format.htm)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.bdf import STATUS

_LIMIT = 1 << 23
_RANGE = 262144  # physical units that the numbers span to either side


def write(
    path: Path, signals: NDArray[np.float64], channels: Sequence[str], units: Mapping[str, str], rate: int,
    status: NDArray[np.int64],
) -> None:  # fmt: skip
    """Write `signals` (channels, samples) and the codes of the Status channel (samples,).

    A channel without an entry in `units` is in uV. What does not fill the last second is left out.
    """
    records = signals.shape[1] // rate
    digital = np.vstack([np.round(signals * (_LIMIT / _RANGE)), status[None]])[:, : records * rate].astype("<i4")
    names = [*channels, STATUS]
    fields: tuple[tuple[Sequence[object], int], ...] = (
        (names, 16),
        ([""] * len(names), 80),
        (["Boolean" if name == STATUS else units.get(name, "uV") for name in names], 8),
        ([-_LIMIT if name == STATUS else -_RANGE for name in names], 8),
        ([_LIMIT - 1 if name == STATUS else _RANGE for name in names], 8),
        ([-_LIMIT] * len(names), 8),
        ([_LIMIT - 1 if name == STATUS else _LIMIT for name in names], 8),
        ([""] * len(names), 80),
        ([rate] * len(names), 8),
        ([""] * len(names), 32),
    )
    start = (("", 80), ("simulated", 80), ("01.01.26", 8), ("00.00.00", 8), (256 * (len(names) + 1), 8))
    rest = (("24BIT", 44), (records, 8), (1, 8), (len(names), 4))
    header = b"\xffBIOSEMI" + b"".join(_padded(value, width) for value, width in (*start, *rest))
    header += b"".join(_padded(value, width) for values, width in fields for value in values)
    blocks = digital.reshape(len(names), records, rate).swapaxes(0, 1)
    low_bytes = np.ascontiguousarray(blocks).view(np.uint8).reshape(-1, 4)[:, :3]
    path.write_bytes(header + low_bytes.tobytes())


def _padded(value: object, width: int) -> bytes:
    return str(value).ljust(width).encode("ascii")
