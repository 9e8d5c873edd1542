"""Fit EEGNet on the spoken trials of EAV and test it on other people, or on other trials of the same person."""

import json
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from msgspec import convert, to_builtins

from inference.eeg import EAV_RATE, cut_windows
from inference.model_spec import EegSignalInput
from training.data import eav, splits
from training.engine import checkpoint
from training.errors import DatasetError
from training.evaluation.metrics import BOOTSTRAPS, by_subject
from training.features.banks import kept
from training.publishing import publish
from training.publishing.provenance import provenance
from training.schema.configuration import EEGNetFit, RecordedEEG, WithinPeople
from training.tasks.eeg import DEMONSTRATION, Trials, evaluate, logits, score_rows, specification, train

log = logging.getLogger(__name__)

LICENCE = "The terms of the EAV data set, on whose recordings the weights were fitted, hold for them too."
NOTICE = "Fitted on one laboratory's recordings of acted conversations. Expect worse readings elsewhere."
PUBLISHED_WITHIN = "60.0 % (EEGNet, EAV)"
SELECTION = "last epoch; people outside training chose none of the weights"


def recorded_trials(root: Path, people: Sequence[int], signal: EegSignalInput, labels: Sequence[str]) -> Trials:
    """The spoken trials of these people, read as `eeg` of a specification says.

    They come from runs/ where the same files were read before.
    """
    parts = []
    for subject in eav.read_subjects(root, people):
        log.info("reading the EEG of person %d", subject.number)
        facts = subject.eeg.stat()
        asked = (str(subject.eeg.resolve()), facts.st_size, facts.st_mtime_ns, to_builtins(signal))
        parts.append(kept("eeg", asked, partial(_windows, subject, signal)))
        indices = np.array([labels.index(trial.label) for trial in subject.trials])
        parts[-1] |= {"labels": indices, "subjects": np.full(len(indices), subject.number)}
    return Trials(*(np.concatenate([part[name] for part in parts]) for name in ("windows", "labels", "subjects")))


def _windows(subject: eav.Subject, signal: EegSignalInput) -> dict[str, np.ndarray]:
    return {"windows": np.stack([cut_windows(trial, EAV_RATE, signal) for trial in eav.read_eeg(subject)])}


def _require_labels(config: EEGNetFit) -> None:
    if tuple(config.labels) != eav.LABELS:
        raise DatasetError(f"{config.name}: labels must be {list(eav.LABELS)}, in EAV's order")


def fit(config: RecordedEEG, root: Path, out: Path) -> None:
    """Fit on the people of the split's `train`, score the others and write `out`/NAME/VERSION."""
    _require_labels(config)
    fold = splits.people(config.split, config.fold)
    place = checkpoint.folder(f"{config.name}-{config.version}", config.model_dump_json(), root.resolve())
    read = partial(recorded_trials, root, signal=convert(config.eeg, EegSignalInput), labels=config.labels)
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
        "provenance": provenance(config.seed, checkpoint.seconds(place)),
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


def fit_within_people(config: WithinPeople, root: Path, out: Path) -> None:
    """A network for each person below `root`, fitted and tested on the split's trials; writes `out/metrics.json`.

    None of the networks is kept, for it would read nobody else. Raises DatasetError for a split by person.
    """
    _require_labels(config)
    split = splits.load(config.split)
    if split.unit != "trial":
        raise DatasetError(f"{config.split}: parts people, and each person's network needs a split by trial")
    (fold,) = split.folds
    place = checkpoint.folder(f"{config.name}-{config.version}", config.model_dump_json(), root.resolve())
    right, people = [], []
    for subject in eav.read_subjects(root):
        rank = np.array(eav.ranks(subject.trials))
        trials = recorded_trials(root, [subject.number], convert(config.eeg, EegSignalInput), config.labels)
        fitted, tested = (trials.chosen(np.isin(rank, part)) for part in (fold.train, fold.test))
        if not len(fitted) or not len(tested):
            raise DatasetError(f"{root}: person {subject.number} has too few trials for {config.split}")
        network = train(config, fitted, place / f"person-{subject.number}")
        right.append(logits(network, tested).mean(axis=1).argmax(1) == tested.labels)
        people.append(tested.subjects)
        log.info("person %d accuracy %.3f", subject.number, right[-1].mean())
    found = {
        "title": f"EEG, a network for each person ({config.name})",
        "about": f"EEGNet on EAV{' (simulated stand-in)' if eav.simulated(root) else ''}, {config.split}: earlier "
        "trials of a person are fitted on, later ones of the same person read. It says nothing about other people.",
        "published": PUBLISHED_WITHIN,
        "n": sum(map(len, right)),
        **by_subject(np.concatenate(right), np.concatenate(people), config.seed),
        "provenance": provenance(config.seed, checkpoint.seconds(place)),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "metrics.json").write_text(json.dumps(found, indent=2) + "\n")
    checkpoint.forget(place)
