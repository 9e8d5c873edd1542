"""Trains EEGNet on simulated subjects or on EAV, and tests it on other subjects or on other trials of the same."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch
from lightning_fabric import Fabric
from msgspec.structs import asdict
from torch import Tensor, nn
from torch.nn import functional

from inference.models.eegnet import EEGNet
from training.data import eav, splits
from training.engine import checkpoint, devices
from training.engine.loop import Loop
from training.engine.optim import Optimisation
from training.errors import DatasetError
from training.evaluation.eeg import evaluate, logits
from training.evaluation.metrics import INTERVAL, by_subject, scores_by_label
from training.features.eeg import Trials, recorded_trials, simulated_trials
from training.publishing import published, spec
from training.publishing.provenance import provenance
from training.publishing.weights import publish
from training.schema.eeg import EEGNetConfig, RecordedEEG, SimulatedEEG, SubjectRanges, WithinSubjectEEG

log = logging.getLogger(__name__)


def fit_simulated(config: SimulatedEEG, out: Path) -> None:
    """Train on the subjects of `split.train`, test on those of `split.test` and write `out`/NAME/VERSION."""
    _require_labels(config)
    directory = checkpoint.directory(config)
    with devices.launch() as fabric:
        network = train(fabric, config, simulated_trials(config, "train"), directory)
        metrics = {
            "data": f"simulated EEG (demonstration: {spec.SIMULATED_EEG})",
            "split": describe(config.split),
            "selection": "last epoch; validation and test people chose no weights, but the strength of the simulated "
            "effects was set so that their score comes near the published 39 %",
            "interval": INTERVAL,
            "simulation": msgspec.to_builtins(config.simulation),
            "scores": {
                part: evaluate(network, simulated_trials(config, part), config.labels, config.seed)
                for part in ("validation", "test")
            },
            "curves": checkpoint.curves(directory),
            "provenance": provenance(config.seed, checkpoint.seconds(directory), fabric.world_size),
        }
        if fabric.is_global_zero:
            publish(network, spec.eegnet(config), metrics, config, "simulated_eeg", out)
            checkpoint.remove(directory)


def fit_recorded(config: RecordedEEG, root: Path, out: Path) -> None:
    """Train on the subjects of the split's `train`, score the others and write `out`/NAME/VERSION."""
    _require_labels(config)
    fold = splits.subjects(config.split, config.fold)
    directory = checkpoint.directory(config, root.resolve())
    train_trials, validation, test = (
        recorded_trials(root, subjects, config.eeg, config.labels)
        for subjects in (fold.train, fold.validation, fold.test)
    )
    with devices.launch() as fabric:
        network = train(fabric, config, train_trials, directory)
        metrics = {
            "data": spec.DATA["eav"] + (" (simulated stand-in)" if eav.simulated(root) else ""),
            "split": f"{config.split}, fold {config.fold}, by person",
            "selection": "last epoch; people outside training chose none of the weights",
            "interval": INTERVAL,
            "scores": {
                part: evaluate(network, trials, config.labels, config.seed)
                for part, trials in (("validation", validation), ("test", test))
            },
            "curves": checkpoint.curves(directory),
            "provenance": provenance(config.seed, checkpoint.seconds(directory), fabric.world_size),
        }
        if fabric.is_global_zero:
            publish(network, spec.eegnet(config, root), metrics, config, "recorded_eeg", out)
            checkpoint.remove(directory)


def fit_within_subject(config: WithinSubjectEEG, root: Path, out: Path) -> None:
    """Train and test one network for each subject below `root`; writes `out/metrics.json`.

    None of the networks is published, since it is of no use for other subjects. Raises DatasetError for a split by
    subject.
    """
    _require_labels(config)
    split = splits.load(config.split)
    if split.unit != "trial":
        raise DatasetError(f"{config.split}: parts people, and each person's network needs a split by trial")
    (fold,) = split.folds
    directory = checkpoint.directory(config, root.resolve())
    predicted, targets, subjects = [], [], []
    for subject in eav.read_subjects(root):
        rank = np.array(eav.ranks(subject.trials))
        trials = recorded_trials(root, [subject.number], config.eeg, config.labels)
        train_trials, test = (trials.subset(np.isin(rank, part)) for part in (fold.train, fold.test))
        if not len(train_trials) or not len(test):
            raise DatasetError(f"{root}: subject {subject.number} has too few trials for {config.split}")
        with devices.launch() as fabric:
            network = train(fabric, config, train_trials, directory / f"subject-{subject.number}")
            predicted.append(logits(network, test).mean(axis=1).argmax(1))
        targets.append(test.labels)
        subjects.append(test.subjects)
        log.info("subject %d accuracy %.3f", subject.number, (predicted[-1] == test.labels).mean())
    found, expected = np.concatenate(predicted), np.concatenate(targets)
    metrics = {
        "title": f"EEG, a network for each person ({config.name})",
        "about": f"EEGNet on EAV{' (simulated stand-in)' if eav.simulated(root) else ''}, {config.split}: earlier "
        "trials of a person are fitted on, later ones of the same person read. It says nothing about other people.",
        "published": published.EEG_WITHIN_SUBJECT,
        "n": len(expected),
        **by_subject(found == expected, np.concatenate(subjects), config.seed),
        **scores_by_label(found, expected, config.labels),
        "provenance": provenance(config.seed, checkpoint.seconds(directory)),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    checkpoint.remove(directory)


def train(fabric: Fabric, config: EEGNetConfig, trials: Trials, directory: Path) -> EEGNet:
    """The network after the last epoch, with nothing selected. A run that was stopped resumes from `directory`."""
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    network = EEGNet(classes=len(config.labels), **asdict(config.architecture)).to(fabric.device)
    windows = torch.from_numpy(trials.windows.reshape(-1, *trials.windows.shape[2:]))
    targets = torch.from_numpy(trials.labels.repeat(trials.windows.shape[1]))
    optimiser = torch.optim.Adam(network.parameters(), lr=config.lr)
    optimiser.register_step_post_hook(lambda *_: network.constrain())

    def batches(_: int) -> Iterator[tuple[Tensor, Tensor]]:
        for chosen in torch.randperm(len(windows), generator=generator).split(config.batch_size):
            yield devices.share(fabric, (windows[chosen], targets[chosen]))

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return functional.cross_entropy(network(batch[0]), batch[1])

    return Loop(fabric, directory, generator).run(network, Optimisation(optimiser), config.epochs, batches, loss)


def describe(split: SubjectRanges) -> str:
    """The split in the words of `metrics.json`."""
    parts = msgspec.to_builtins(split).items()
    return "by person: " + ", ".join(f"{part} {first}-{last}" for part, (first, last) in parts)


def _require_labels(config: EEGNetConfig) -> None:
    if tuple(config.labels) != eav.LABELS:
        raise DatasetError(f"{config.name}: labels must be {list(eav.LABELS)}, in EAV's order")
