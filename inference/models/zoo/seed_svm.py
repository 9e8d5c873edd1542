"""Support vector machine on the features that SEED ships (Kanafin, Myrzakhmet and Kuanysh)."""

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import torch
from torch import Tensor

from inference.models.zoo.system import Inputs, Stage, System, SystemOptions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The features are SEED's differential entropy; the report prints no settings, these are scikit-learn's."""

    classes: Annotated[int, msgspec.Meta(ge=2)] = 3
    channels: int = 62
    bands: int = 5
    kernel: Literal["linear", "rbf"] = "rbf"
    c: float = 1.0
    """Penalty of a window on the wrong side."""


class Network(System):
    """One machine for each pair of classes, which vote, as LIBSVM has them (Chang and Lin 2011).

    scikit-learn fits them; what it finds is kept as buffers, whose length is the number of support vectors, and
    evaluated here.
    """

    support_vectors: Tensor
    coefficients: Tensor
    intercepts: Tensor
    gamma: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"features": (options.channels, options.bands)}
        self.classes, self.kernel, self.c = options.classes, options.kernel, options.c
        self.pairs = list(combinations(range(options.classes), 2))
        self.register_buffer("support_vectors", torch.zeros(0, options.channels * options.bands))
        self.register_buffer("coefficients", torch.zeros(len(self.pairs), 0))
        self.register_buffer("intercepts", torch.zeros(len(self.pairs)))
        self.register_buffer("gamma", torch.ones(()))

    def stages(self) -> tuple[Stage, ...]:
        """None: it is solved."""
        return ()

    def solve(self, inputs: Inputs, targets: Tensor) -> bool:
        """Fit every pair's machine. Raises ValueError where a class has no window."""
        from sklearn.svm import SVC

        windows, labels = inputs["features"].flatten(1).double().cpu().numpy(), targets.cpu().numpy()
        for label in range(self.classes):
            if label not in labels:
                raise ValueError(f"the training part has no window of class {label}")
        gamma = 1 / (windows.shape[1] * (windows.var() or 1.0))
        coefficients = np.zeros((len(self.pairs), len(windows)))
        for row, pair in enumerate(self.pairs):
            chosen = np.flatnonzero(np.isin(labels, pair))
            machine = SVC(C=self.c, kernel=self.kernel, gamma=gamma).fit(windows[chosen], labels[chosen] == pair[0])
            coefficients[row, chosen[machine.support_]] = machine.dual_coef_[0]
            self.intercepts[row] = float(machine.intercept_[0])
        used = coefficients.any(0)
        self.support_vectors = torch.from_numpy(windows[used]).to(self.support_vectors)
        self.coefficients = torch.from_numpy(coefficients[:, used]).to(self.coefficients)
        self.gamma.fill_(gamma)
        return True

    def forward(self, inputs: Inputs) -> Tensor:
        """Votes (B, classes) of the pairs for windows (B, channels, bands), between which their margins decide.

        The margins add less than half a vote, so that they only break ties.
        """
        margins = self._similarity(inputs["features"].flatten(1)) @ self.coefficients.T + self.intercepts
        votes, confidence = margins.new_zeros(2, len(margins), self.classes)
        for column, (first, second) in enumerate(self.pairs):
            margin = margins[:, column]
            votes[:, first] += margin > 0
            votes[:, second] += margin <= 0
            confidence[:, first] += margin
            confidence[:, second] -= margin
        return votes + confidence / (3 * (confidence.abs() + 1))

    def _similarity(self, windows: Tensor) -> Tensor:
        if self.kernel == "linear":
            return windows @ self.support_vectors.T
        return torch.exp(-self.gamma * torch.cdist(windows, self.support_vectors).square())

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any) -> None:
        """Take as many support vectors as were saved."""
        for name in ("support_vectors", "coefficients"):
            saved = state_dict.get(prefix + name)
            if saved is not None:
                setattr(self, name, getattr(self, name).new_empty(saved.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)
