"""Pictures of the reports: confusion matrices, reliability diagrams, learning curves, accuracies and costs."""

from collections.abc import Sequence
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


def intervals(bars: Sequence[tuple[str, float, tuple[float, float]]], path: Path) -> None:
    """Accuracies with their intervals, by name, one below the other."""
    figure, axis = plt.subplots(figsize=(7.2, 0.9 + 0.28 * len(bars)), layout="constrained")
    for place, (_, accuracy, (low, high)) in enumerate(bars):
        axis.plot([100 * low, 100 * high], [place, place], color="tab:blue", linewidth=2)
        axis.plot(100 * accuracy, place, "o", color="tab:blue")
    axis.set_yticks(range(len(bars)), [name for name, *_ in bars])
    axis.invert_yaxis()
    axis.set(xlabel="accuracy of trials, %, with its 95 % interval over subjects", xlim=(0, 100))
    axis.grid(axis="x", alpha=0.4)
    _save(figure, path)


def costs(points: Sequence[tuple[str, float, int, float]], path: Path) -> None:
    """Accuracies of systems, by name, against their parameters, if they have any, and the CPU time of a window, ms."""
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 4.4), layout="constrained", sharey=True)
    for axis, column, label in ((axes[0], 2, "parameters"), (axes[1], 3, "processor time of a window, ms")):
        for point in points:
            value = float(point[column])
            if not value:
                continue
            axis.plot(value, 100 * point[1], "o", color="tab:blue")
            axis.annotate(point[0], (value, 100 * point[1]), xytext=(4, 2), textcoords="offset points", fontsize=7)
        axis.set(xscale="log", xlabel=label)
        axis.grid(alpha=0.4)
    axes[0].set(ylabel="accuracy of trials, %", ylim=(0, 100))
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
