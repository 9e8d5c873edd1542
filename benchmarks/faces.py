"""What a face costs and how often it is read as annotators do, for image backbones of several sizes.

`python -m benchmarks.faces FIT ... --model NAME@VERSION --faces NPZ --votes NPZ` scores each folder that a fit of the
task `face-backbone` on aligned faces wrote, and the faces of a model of the store, and writes benchmarks/faces.md.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.reporting import ROOT, circumstances
from inference import store
from inference.models.audio_visual import SAMPLES
from training.data import fer2013, ferplus
from training.evaluation.deployed import ClipAnalyser
from training.evaluation.evaluate import face_scores
from training.features.alignment import align_faces
from training.features.backbone import classify, load_fitted
from training.features.faces import shrink

REPORT = ROOT / "benchmarks/faces.md"
SMALL = 16  # side of small faces, pixels
RUNS = 10

HEAD = """# Faces

Written by `python -m benchmarks.faces`. FER-2013 PublicTest, {n} images that are in FER+. **Majority**: the label of
seven with most of ten annotators' votes, ties included. **Six agree**: {n_six} of them, where six annotators or more
agree. **Original**: FER-2013's own labels. **{small} pixels**: majority, each image shrunk to that side and enlarged
again. **CPU**: of one thread for a face in a batch of {batch}, the fastest of {runs} runs. **Mirrored**: the mean over
a face and its mirror image.

Fits read faces that are aligned by MTCNN's landmarks, where it finds a face, and are scored with their own classifiers.
Their training held no copy of these images; that of models of version 1 held copies of 279. Each fit is named with the
commit of its configuration.

{circumstances}

| network | input, pixels | mirrored | majority | six agree | {small} pixels | original | CPU, ms a face |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def milliseconds(backbone: nn.Module, size: int) -> float:
    """CPU time of a face."""
    faces = torch.rand(SAMPLES, 3, size, size).contiguous(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for _ in range(RUNS):
            started = time.process_time()
            backbone(faces)
            times.append(time.process_time() - started)
    return 1000 * min(times) / SAMPLES


def rows_of_fit(folder: Path, faces: fer2013.Faces, votes: ferplus.Votes) -> list[str]:
    """The rows of a fitted backbone with its own classifier, on aligned faces, without and with a mirrored pass."""
    device = torch.device("cpu")
    classifier, size = load_fitted(folder, device)
    (labelled, agreement), voted = votes.majority(faces), votes.labels.any(axis=1)
    plain, mirrored = [], []
    for shown in (labelled, shrink(labelled, SMALL)):
        images = align_faces(shown).images
        first, second = (
            classify(classifier, np.ascontiguousarray(part), size, device, flip_tta=False)
            for part in (images, images[:, :, ::-1])
        )
        plain.append(first.argmax(dim=1).numpy())
        mirrored.append((first + second).argmax(dim=1).numpy())
    name = f"{folder.name}, {json.loads((folder / 'metrics.json').read_text())['provenance']['commit']}"
    cost, rows = milliseconds(classifier.backbone, size), []
    for twice, (clean, small) in ((False, plain), (True, mirrored)):
        right = clean == labelled.labels
        accuracies = (
            right.mean(),
            right[agreement >= ferplus.SIX].mean(),
            (small == labelled.labels).mean(),
            (clean == faces.labels[voted]).mean(),
        )
        rows.append(row(name, size, twice, accuracies, cost))
    return rows


def row_of_model(reference: str, faces: fer2013.Faces, votes: ferplus.Votes) -> str:
    """The row of a model of the store, by its faces alone as it is deployed."""
    analyser = ClipAnalyser(store.get(reference))
    predictor = analyser.predictor
    shown, small = ((align_faces(part) if predictor.face.aligned else part) for part in (faces, shrink(faces, SMALL)))
    clean, far = (face_scores(analyser, part, votes) for part in (shown, small))
    scores = (*(clean["votes"][name] for name in ("accuracy", "accuracy_six")), far["votes"]["accuracy"])
    size, mirrored = predictor.face.size, predictor.network.flip_tta
    cost = milliseconds(predictor.network.video.backbone, size)
    return row(f"{reference}, faces alone", size, mirrored, (*scores, clean["accuracy"]), cost)


def row(name: str, size: int, mirrored: bool, scores: Sequence[float], cost: float) -> str:
    """A row of the table; a mirrored pass costs as much as the first."""
    shares = " | ".join(f"{100 * score:.1f} %" for score in scores)
    return f"| {name} | {size} | {'yes' if mirrored else 'no'} | {shares} | {cost * (1 + mirrored):.1f} |\n"


def main() -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fits", type=Path, nargs="+", help="folders of fitted backbones")
    parser.add_argument("--model", action="append", default=[], help="NAME@VERSION of the store")
    parser.add_argument("--faces", type=Path, required=True, help="FER-2013's PublicTest (npz)")
    parser.add_argument("--votes", type=Path, required=True, help="FER+ votes for it (npz)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    faces = fer2013.read_npz(options.faces)
    votes = ferplus.read(options.votes, faces)
    rows = [row_of_model(reference, faces, votes) for reference in options.model]
    rows += [line for folder in options.fits for line in rows_of_fit(folder, faces, votes)]
    _, agreement = votes.majority(faces)
    head = HEAD.format(
        n=len(agreement),
        n_six=(agreement >= ferplus.SIX).sum(),
        small=SMALL,
        batch=SAMPLES,
        runs=RUNS,
        circumstances=circumstances(),
    )
    REPORT.write_text(head + "".join(rows))


if __name__ == "__main__":
    main()
