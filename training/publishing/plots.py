"""Pictures of the report: confusion matrices, reliability diagrams and learning curves."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "emotrace"  # the same numbers give the same file


def confusion(scores: dict[str, dict[str, Any]], path: Path) -> None:
    """The confusion matrix of every part, side by side, above its reliability diagram where it is calibrated."""
    figure, axes = plt.subplots(2, len(scores), figsize=(4.6 * len(scores), 8.4), layout="constrained", squeeze=False)
    for column, (name, score) in enumerate(scores.items()):
        counts = np.array(score["confusion"], dtype=float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        top, bottom = axes[0][column], axes[1][column]
        top.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, shown in enumerate(shares):
            for place, share in enumerate(shown):
                colour = "white" if share > 0.5 else "black"
                top.text(place, row, f"{100 * share:.0f}", ha="center", va="center", color=colour, fontsize=8)
        top.set_xticks(range(len(shares)), score["labels"], rotation=45, ha="right")
        top.set_yticks(range(len(shares)), score["labels"])
        top.set(
            title=f"{name}: {score['accuracy']:.1%} of {counts.sum():.0f}",
            xlabel="read as",
            ylabel="labelled, % of row",
        )
        if "calibration" not in score:
            bottom.axis("off")
            continue
        bins = score["calibration"]["bins"]
        bottom.plot([0, 1], [0, 1], color="grey", linewidth=1)
        bottom.plot([row["confidence"] for row in bins], [row["accuracy"] for row in bins], marker="o")
        bottom.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        bottom.set_title(f"ECE {score['calibration']['ece']:.3f}")
    _save(figure, path)


def learning_curves(curves: dict[str, list[dict[str, float]]], path: Path) -> None:
    """The loss of each stage of a fit by epoch, and the validation accuracy where there is one."""
    figure, axes = plt.subplots(1, len(curves), figsize=(4.6 * len(curves), 3.4), layout="constrained", squeeze=False)
    for axis, (name, rows) in zip(axes[0], curves.items(), strict=True):
        epochs = [row["epoch"] for row in rows]
        axis.plot(epochs, [row["loss"] for row in rows], color="tab:blue")
        axis.set(title=name, xlabel="epoch", ylabel="loss")
        if all("accuracy" in row for row in rows):
            right = axis.twinx()
            right.plot(epochs, [row["accuracy"] for row in rows], color="tab:orange")
            right.set(ylabel="validation accuracy", ylim=(0, 1))
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
