"""Labels by name and by index."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def label_indices(labels: Iterable[str], names: Sequence[str]) -> NDArray[np.int64]:
    """The place (N,) of each of `labels` among `names`, the order of a network's logits.

    Raises ValueError for a label that is none of them.
    """
    return np.array([names.index(label) for label in labels], dtype=np.int64)
