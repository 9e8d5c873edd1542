"""Fit the CNN that joins audio-video and EEG logits: `fit(config, out)` with configs/fusion-cnn-5.yaml.

The two come from different recordings and are paired at random by label. The people whose EEG it is
fitted on chose no checkpoint of EEGNet, and the clips were unseen by the audio-video network.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xgboost
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from inference import store
from inference.models import build
from inference.models.eegnet import EEGNet
from inference.models.fusion import AUDIO_VIDEO_ROWS, BoostedTrees, build_fusion, mean_probabilities
from training import configuration, publish
from training.configuration import EEG, Fusion, FusionFit
from training.datasets.errors import DatasetError
from training.fit_eeg import DEMONSTRATION, Trials, logits, score_rows, simulated_trials
from training.metrics import BOOTSTRAPS, by_subject

log = logging.getLogger(__name__)

CONFIGS = Path(__file__).parent / "configs"
NOTICE = (
    "Demonstration: the EEG this model learned from is simulated and belongs to nobody in the clips. With a real "
    "person's EEG its readings mean nothing; use it to try the program, then fit it again on real recordings."
)


@dataclass(frozen=True)
class Readings:
    """Logits of one network: `logits` (N, windows, classes), `labels` (N,)."""

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]


# Matrices (N, 10, classes) of trials: audio-video windows, then those of EEG.
Draw = Callable[[np.random.Generator], NDArray[np.float32]]


def paired(audio_video: Readings, eeg: Readings, rng: np.random.Generator) -> NDArray[np.float32]:
    """Every EEG trial with a clip of its label drawn at random: (N, 10, classes)."""
    of_label = {label: np.flatnonzero(audio_video.labels == label) for label in np.unique(eeg.labels)}
    drawn = np.array([rng.choice(of_label[label]) for label in eeg.labels])
    return np.concatenate([audio_video.logits[drawn], eeg.logits], axis=1)


def shuffled(matrices: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Each network's windows in another order, so that with few clips the CNN learns none by heart."""
    rows = np.tile(np.arange(matrices.shape[1]), (len(matrices), 1))
    for part in (slice(AUDIO_VIDEO_ROWS), slice(AUDIO_VIDEO_ROWS, None)):
        rows[:, part] = rng.permuted(rows[:, part], axis=1)
    return np.take_along_axis(matrices, rows[:, :, None], axis=1)


def train(network: nn.Module, draw: Draw, labels: NDArray[np.int64], config: FusionFit) -> nn.Module:
    """The network after the last epoch; what is drawn for `labels` (N,), its order and noise are new in each.

    The noise, one draw a trial and class, keeps the few clips of the fitting part from being learned by heart.
    """
    rng = np.random.default_rng(config.seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=config.weight_decay)
    wanted = torch.from_numpy(labels)
    network.train()
    for epoch in range(1, config.epochs + 1):
        drawn, losses = shuffled(draw(rng), rng), []
        drawn[:, :AUDIO_VIDEO_ROWS] += config.noise * rng.standard_normal((len(drawn), 1, len(config.labels)))
        matrices = torch.from_numpy(drawn)
        for chosen in torch.from_numpy(rng.permutation(len(labels))).split(config.batch):
            loss = functional.cross_entropy(network(matrices[chosen]), wanted[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        if epoch % 10 == 0:
            log.info("epoch %d/%d loss %.4f", epoch, config.epochs, np.mean(losses))
    return network.eval()


def boost(matrices: NDArray[np.float32], labels: NDArray[np.int64], config: FusionFit) -> BoostedTrees:
    """Trees fitted on `matrices` (N, 10, classes) of `labels` (N,)."""
    read = torch.cat(mean_probabilities(torch.from_numpy(matrices)), dim=1).numpy()
    data = xgboost.DMatrix(read, label=labels)
    settings = {"objective": "multi:softprob", "num_class": len(config.labels), "seed": config.seed, "nthread": 1}
    booster = xgboost.train(settings | config.trees.model_dump(exclude={"rounds"}), data, config.trees.rounds)
    trees = np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8)
    fitted = BoostedTrees(size=len(trees))
    fitted.trees = torch.from_numpy(trees.copy())
    return fitted


def rules(
    network: nn.Module, matrices: NDArray[np.float32], labels: NDArray[np.int64], config: FusionFit
) -> dict[str, nn.Module]:
    """The fitted network and what it has to beat, on `matrices` (N, 10, classes) of `labels` (N,), the fitting part.

    WAVER's weights are the members' accuracies there.
    """
    classes = len(config.labels)
    members = matrices[:, :AUDIO_VIDEO_ROWS], matrices[:, AUDIO_VIDEO_ROWS:]
    weights = [float((rows.mean(axis=1).argmax(1) == labels).mean()) for rows in members]
    return {
        "cnn": network,
        "average": build_fusion(classes=classes, method="average"),
        "waver": build_fusion(classes=classes, method="waver", weights=weights),
        "xgboost": boost(matrices, labels, config),
        "audio-video alone": build_fusion(classes=classes, method="waver", weights=(1.0, 0.0)),
        "eeg alone": build_fusion(classes=classes, method="waver", weights=(0.0, 1.0)),
    }


@torch.inference_mode()
def right(rule: nn.Module, draws: Sequence[NDArray[np.float32]], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of `draws`, each (N, 10, classes), in which `rule` reads a trial rightly: (N,)."""
    read = [rule(torch.from_numpy(matrices)).argmax(1).numpy() == labels for matrices in draws]
    return np.mean(read, axis=0)


def _audio_video(config: Fusion, part: str) -> Readings:
    path = config.audio_video_logits
    if not path.exists():
        raise DatasetError(f"{path} is missing: it holds the audio-video network's logits on clips unseen by it")
    with np.load(path) as table:
        found = Readings(table[f"{part}_logits"].astype(np.float32), table[f"{part}_labels"].astype(np.int64))
    if found.logits.shape[1:] != (AUDIO_VIDEO_ROWS, len(config.labels)):
        raise DatasetError(f"{path}: {part}_logits has shape {found.logits.shape}, expected (clips, 6, 5)")
    return found


def _eeg(config: Fusion, part: str) -> tuple[Readings, Trials]:
    spec = store.find(config.members.eeg)
    network = store.open_model(spec)
    assert isinstance(network, EEGNet)
    eeg_config = configuration.read(CONFIGS / config.eeg_config)
    assert isinstance(eeg_config, EEG)
    if list(spec.labels) != config.labels:
        raise DatasetError(f"{spec.name} has other labels than this configuration")
    trials = simulated_trials(eeg_config, part)
    return Readings(logits(network, trials), trials.labels), trials


def fit(config: Fusion, out: Path) -> None:
    """Fit on the validation people and clips, test on the test ones and write `out`/NAME/VERSION.

    Raises DatasetError where the audio-video logits are missing or do not fit.
    """
    started = time.monotonic()
    torch.manual_seed(config.seed)
    spec = {
        "name": config.name,
        "version": config.version,
        "kind": "fusion",
        "title": config.title,
        "labels": config.labels,
        "architecture": config.architecture,
        "members": config.members.model_dump(),
        "temperature": 1.0,
        "demonstration": DEMONSTRATION,
        "notice": NOTICE,
        "licence": publish.LICENCE,
    }
    audio_video, (eeg, _) = _audio_video(config, "val"), _eeg(config, "validation")
    network = train(build(spec), lambda rng: paired(audio_video, eeg, rng), eeg.labels, config)
    rng = np.random.default_rng(config.seed)
    fitted = np.concatenate([paired(audio_video, eeg, rng) for _ in range(config.tree_pairings)])
    contenders = rules(network, fitted, np.tile(eeg.labels, config.tree_pairings), config)
    test_clips, (test_eeg, test_trials) = _audio_video(config, "test"), _eeg(config, "test")
    rng = np.random.default_rng(config.seed + 1)
    draws = [paired(test_clips, test_eeg, rng) for _ in range(config.test_pairings)]
    scores = {
        name: by_subject(right(rule, draws, test_eeg.labels), test_trials.subjects, config.seed)
        for name, rule in contenders.items()
    }
    log.info("%s", {name: score["accuracy"] for name, score in scores.items()})
    metrics = {
        "data": f"simulated EEG (demonstration: {DEMONSTRATION}) paired at random by label with composed clips",
        "split": "EEG by person, fitted on the validation people of EEGNet's split, tested on its test people; clips "
        "unseen by the audio-video network, their validation part for fitting, their test part for testing",
        "selection": config.selection,
        "interval": f"95 %, {BOOTSTRAPS} bootstrap draws of people",
        "pairings": config.test_pairings,
        "trials": {"fitted": len(eeg.labels), "tested": len(test_eeg.labels)},
        "scores": scores,
        "provenance": publish.provenance(config.seed, round(time.monotonic() - started, 1)),
    }
    publish.write(out / config.name / config.version, network, spec, metrics, _card(config, metrics, network))


def _card(config: Fusion, metrics: dict[str, Any], network: nn.Module) -> str:
    return f"""# {config.name}, version {config.version}

**demonstration: EEG simulated**

{config.title}: {", ".join(config.labels)}.

## What it is
A convolutional network, {sum(p.numel() for p in network.parameters()):,} parameters, over the 10 x 5 logits of a
20 s trial: six overlapping windows read by {config.members.audio_video} and four
read by {config.members.eeg}.

## What it was fitted on
**No recording of one person.** {metrics["trials"]["fitted"]} trials of simulated EEG, each paired anew in every epoch
with a composed audio-video clip of the same label. Neither the simulated people nor the clips were trained on by
the members, and they chose no checkpoint of them. {config.epochs} epochs, AdamW {config.rate:g}, weight decay
{config.weight_decay:g}, batch {config.batch}, windows shuffled within each network, normal noise of {config.noise:g}
on the audio-video logits of a trial. One fit, one seed, weights of the {config.selection}

## What it scores
{metrics["trials"]["tested"]} trials of simulated people and clips that no part was fitted on,
{metrics["pairings"]} pairings of each. The interval is over the simulated people alone. Chance is 20 %.

| Rule | Accuracy | 95 % interval over people | SD over people |
| --- | --- | --- | --- |
{score_rows(metrics["scores"])}

Average: the mean of both networks' probabilities, nothing fitted. WAVER: the same, weighted by each network's accuracy
on the fitting part. XGBoost: trees over both networks' probabilities.
**None of this is an accuracy on recordings of real people.**

## What it must not be used for
{NOTICE}

## Terms
{publish.LICENCE}
"""
