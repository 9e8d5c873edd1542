"""Types of the arrays that the functions of this package pass to each other."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LabelIndices = NDArray[np.int64]
"""An index into a timeline's labels for each cell or window; -1 where there is no label."""
