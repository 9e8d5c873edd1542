"""Fit EEGNet on the spoken trials of EAV and test it on people that it was not fitted on."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from inference.eeg import EAV_RATE, windows
from training import checkpoint, publish
from training.banks import kept
from training.configuration import RecordedEEG
from training.datasets import eav, splits
from training.datasets.errors import DatasetError
from training.fit_eeg import DEMONSTRATION, Trials, evaluate, score_rows, specification, train
from training.metrics import BOOTSTRAPS

log = logging.getLogger(__name__)

LICENCE = "The terms of the EAV data set, on whose recordings the weights were fitted, hold for them too."
NOTICE = "Fitted on one laboratory's recordings of acted conversations. Expect worse readings elsewhere."
SELECTION = "last epoch; people outside training chose none of the weights"


def recorded_trials(root: Path, people: Sequence[int], spec: dict[str, Any], labels: Sequence[str]) -> Trials:
    """The spoken trials of these people, read as `eeg` of a specification says.

    They come from runs/ where the same files were read before.
    """
    parts = []
    for subject in eav.read_subjects(root, people):
        log.info("reading the EEG of person %d", subject.number)
        facts = subject.eeg.stat()
        asked = (str(subject.eeg.resolve()), facts.st_size, facts.st_mtime_ns, spec)
        parts.append(kept("eeg", asked, partial(_windows, subject, spec)))
        indices = np.array([labels.index(trial.label) for trial in subject.trials])
        parts[-1] |= {"labels": indices, "subjects": np.full(len(indices), subject.number)}
    return Trials(*(np.concatenate([part[name] for part in parts]) for name in ("windows", "labels", "subjects")))


def _windows(subject: eav.Subject, spec: dict[str, Any]) -> dict[str, np.ndarray]:
    return {"windows": np.stack([windows(trial, EAV_RATE, spec) for trial in eav.read_eeg(subject)])}


def fit(config: RecordedEEG, root: Path, out: Path) -> None:
    """Fit on the people of the split's `train`, score the others and write `out`/NAME/VERSION."""
    if tuple(config.labels) != eav.LABELS:
        raise DatasetError(f"{config.name}: labels must be {list(eav.LABELS)}, in EAV's order")
    fold = splits.people(config.split, config.fold)
    place = checkpoint.folder(f"{config.name}-{config.version}", config.model_dump_json(), root.resolve())
    read = partial(recorded_trials, root, spec=config.eeg, labels=config.labels)
    network = train(config, read(fold.train), place)
    parts = {"validation": fold.validation, "test": fold.test}
    scores = {part: evaluate(network, read(who), config.seed) for part, who in parts.items()}
    simulated = eav.simulated(root)
    spec = specification(config, DEMONSTRATION if simulated else None, NOTICE, LICENCE)
    metrics = {
        "data": "EAV, spoken trials" + (" (simulated stand-in)" if simulated else ""),
        "split": f"{config.split}, fold {config.fold}, by person",
        "selection": SELECTION,
        "interval": f"95 %, {BOOTSTRAPS} bootstrap draws of people",
        "scores": scores,
        "provenance": publish.provenance(config.seed, checkpoint.seconds(place)),
    }
    shown = {f"{part}, {unit}s": scores[part][unit] for part in parts for unit in ("window", "trial")}
    card = f"""# {config.name}, version {config.version}

{config.title}: {", ".join(config.labels)}.

EEGNet (Lawhern et al. 2018), fitted on the spoken trials of {metrics["data"]}. Split: {metrics["split"]};
{config.epochs} epochs. Weights: {SELECTION}. One fit, one seed. A trial is read by the mean logits of its windows.

| People, unit | Accuracy | 95 % interval over people | SD over people |
| --- | --- | --- | --- |
{score_rows(shown)}

{NOTICE} Do not use it to decide anything about a person.

{LICENCE}
"""
    publish.write(out / config.name / config.version, network, spec, metrics, card)
    checkpoint.forget(place)
