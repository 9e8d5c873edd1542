"""Fit the CNN that joins audio-video and EEG logits: `fit(config, out)` with configs/fusion-cnn-5.yaml.

The two come from different recordings and are paired at random by label. Neither network was fitted on these people
or clips. They stand in folds that share no person, actor or face: each fold is read by a fusion of the others, which
gives the scores, and what goes into the store is fitted on all.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xgboost
from msgspec import convert
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn
from torch.nn import functional

from inference import store
from inference.model_spec import FusionArchitecture
from inference.models import build_model
from inference.models.eegnet import EEGNet
from inference.models.fusion import AUDIO_VIDEO_ROWS, BoostedTrees, build_fusion, mean_probabilities
from training.errors import DatasetError
from training.evaluation.calibration import temperature
from training.evaluation.metrics import BOOTSTRAPS, by_subject, calibration
from training.features.banks import kept
from training.publishing import publish
from training.publishing.provenance import provenance
from training.schema import configuration
from training.schema.configuration import EEG, Fusion, FusionFit
from training.tasks import eeg as fit_eeg
from training.tasks.eeg import DEMONSTRATION, score_rows

log = logging.getLogger(__name__)

CONFIGS = Path(__file__).parents[1] / "configs"
NOTICE = (
    "Demonstration: the EEG this model learned from is simulated and belongs to nobody in the clips. With a real "
    "person's EEG its readings mean nothing; use it to try the program, then fit it again on real recordings."
)


@dataclass(frozen=True)
class Readings:
    """Logits of one network: `logits` (N, windows, classes), `labels` (N,) and the fold of each, `folds` (N,)."""

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]

    def of(self, rows: NDArray[np.bool_]) -> "Readings":
        return Readings(self.logits[rows], self.labels[rows], self.folds[rows])


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
    """The network after the last epoch; what is drawn for `labels` (N,) and its order are new in each.

    It learns the labels to the share `known`, and else what WAVER says: with few people to learn from, the labels
    alone are soon known by heart.
    """
    rng = np.random.default_rng(config.seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=config.weight_decay)
    truth = functional.one_hot(torch.from_numpy(labels), len(config.labels)).float()
    network.train()
    for epoch in range(1, config.epochs + 1):
        drawn, losses = shuffled(draw(rng), rng), []
        matrices = torch.from_numpy(drawn)
        wanted = torch.lerp(waver(drawn, labels)(matrices).exp(), truth, config.known)
        for chosen in torch.from_numpy(rng.permutation(len(labels))).split(config.batch):
            loss = functional.cross_entropy(network(matrices[chosen]), wanted[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        if epoch % 10 == 0:
            log.info("epoch %d/%d loss %.4f", epoch, config.epochs, np.mean(losses))
    return network.eval()


def waver(matrices: NDArray[np.float32], labels: NDArray[np.int64]) -> nn.Module:
    """The mean of both networks' probabilities, weighted by their accuracies on `matrices` (N, 10, classes)."""
    members = matrices[:, :AUDIO_VIDEO_ROWS], matrices[:, AUDIO_VIDEO_ROWS:]
    weights = [float((rows.mean(axis=1).argmax(1) == labels).mean()) for rows in members]
    return build_fusion(classes=matrices.shape[2], method="waver", weights=weights)


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
    """The fitted network and what it has to beat, on `matrices` (N, 10, classes) of `labels` (N,), the fitting part."""
    classes = len(config.labels)
    return {
        "cnn": network,
        "average": build_fusion(classes=classes, method="average"),
        "waver": waver(matrices, labels),
        "xgboost": boost(matrices, labels, config),
        "audio-video alone": build_fusion(classes=classes, method="waver", weights=(1.0, 0.0)),
        "eeg alone": build_fusion(classes=classes, method="waver", weights=(0.0, 1.0)),
    }


@torch.inference_mode()
def _read(rule: nn.Module, draws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """What `rule` says of each of `draws`, (N, 10, classes): logits (draws, N, classes)."""
    return np.stack([rule(torch.from_numpy(matrices)).numpy() for matrices in draws])


def _audio_video(config: Fusion) -> Readings:
    path = config.audio_video_logits
    if not path.exists():
        raise DatasetError(f"{path} is missing: it holds the audio-video network's logits on clips unseen by it")
    with np.load(path) as table:
        try:
            found = Readings(table["logits"], table["labels"], table["folds"])
        except KeyError as error:
            raise DatasetError(f"{path}: {error.args[0]}. Make it anew with composed-trials-5.yaml") from error
    if found.logits.shape[1:] != (AUDIO_VIDEO_ROWS, len(config.labels)):
        raise DatasetError(f"{path}: logits have shape {found.logits.shape}, expected (clips, 6, 5)")
    return found


def _eeg(config: Fusion, folds: int) -> tuple[Readings, NDArray[np.int64]]:
    """The trials of `config.people`, who are dealt out to `folds`, as EEGNet reads them; and whose each is.

    Raises DatasetError where the network has other labels, another configuration or was fitted on one of them, or a
    fold has nobody.
    """
    spec = store.get(config.members.eeg)
    network = store.load_model(spec)
    assert isinstance(network, EEGNet)
    eeg_config = configuration.read(CONFIGS / config.eeg_config)
    assert isinstance(eeg_config, EEG)
    first, last = config.people
    if list(spec.labels) != config.labels:
        raise DatasetError(f"{spec.name} has other labels than this configuration")
    fitted = {"split": fit_eeg.split(eeg_config), "simulation": eeg_config.simulation.model_dump()}
    if any(spec.metrics[name] != value for name, value in fitted.items()):
        raise DatasetError(f"{spec.name} was fitted with another configuration than {config.eeg_config}")
    if first <= eeg_config.split.train[1]:
        raise DatasetError(f"{spec.name} was fitted on person {first}, whom the fusion is to read")
    if last - first + 1 < folds:
        raise DatasetError(f"people {first} to {last} are too few for {folds} folds")

    def read(person: int) -> dict[str, NDArray[Any]]:
        trials = fit_eeg.simulated_person(eeg_config, person, config.trials_per_emotion)
        return {"logits": fit_eeg.logits(network, trials), "labels": trials.labels, "subjects": trials.subjects}

    asked = (spec.used.sha256, fit_eeg.simulation(eeg_config), config.trials_per_emotion)
    numbers = range(first, last + 1)
    people = [kept("simulated-eeg-logits", (*asked, number), partial(read, number)) for number in numbers]
    logits, labels, subjects = (np.concatenate([person[name] for person in people]) for name in people[0])
    return Readings(logits, labels, (subjects - first) % folds), subjects


def fit(config: Fusion, out: Path) -> None:
    """Fit, score and write `out`/NAME/VERSION.

    Raises DatasetError where the audio-video logits are missing or do not fit.
    """
    started = time.monotonic()
    architecture = {"kind": "fusion", "labels": config.labels, "architecture": config.architecture}
    audio_video = _audio_video(config)
    folds = np.unique(audio_video.folds)
    eeg, subjects = _eeg(config, len(folds))

    def fitted(clips: Readings, trials: Readings) -> nn.Module:
        torch.manual_seed(config.seed)
        return train(
            build_model(convert(config.architecture, FusionArchitecture), len(config.labels)),
            lambda rng: paired(clips, trials, rng),
            trials.labels,
            config,
        )

    read: dict[str, NDArray[np.float32]] = {}
    for fold in folds:
        clips, trials = (part.of(part.folds != fold) for part in (audio_video, eeg))
        held_clips, held_trials = (part.of(part.folds == fold) for part in (audio_video, eeg))
        rng = np.random.default_rng(config.seed)
        pool = np.concatenate([paired(clips, trials, rng) for _ in range(config.tree_pairings)])
        wanted = np.tile(trials.labels, config.tree_pairings)
        draws = [paired(held_clips, held_trials, rng) for _ in range(config.test_pairings)]
        for name, rule in rules(fitted(clips, trials), pool, wanted, config).items():
            every = read.setdefault(name, np.zeros((len(draws), len(eeg.labels), len(config.labels)), np.float32))
            every[:, eeg.folds == fold] = _read(rule, draws)
    network = fitted(audio_video, eeg)
    right = {name: (logits.argmax(2) == eeg.labels).mean(axis=0) for name, logits in read.items()}
    scores = {name: by_subject(share, subjects, config.seed) for name, share in right.items()}
    log.info("%s", {name: score["accuracy"] for name, score in scores.items()})
    flat, wanted = read["cnn"].reshape(-1, len(config.labels)), np.tile(eeg.labels, config.test_pairings)
    divisor = round(temperature(flat, wanted), 3)
    spec = architecture | {
        "name": config.name,
        "version": config.version,
        "title": config.title,
        "members": config.members.model_dump(),
        "temperature": divisor,
        "demonstration": DEMONSTRATION,
        "notice": NOTICE,
        "licence": publish.LICENCE,
    }
    metrics = {
        "data": f"simulated EEG (demonstration: {DEMONSTRATION}) paired at random by label with composed clips",
        "split": f"{len(folds)} folds that share no simulated person, actor or face, each read by a fusion fitted on "
        "the others; no member was fitted on any of them",
        "selection": config.selection,
        "interval": f"95 %, {BOOTSTRAPS} bootstrap draws of people",
        "pairings": config.test_pairings,
        "trials": len(eeg.labels),
        "clips": len(audio_video.labels),
        "scores": scores,
        "gains": {
            rival: by_subject(right["cnn"] - right[rival], subjects, config.seed)
            for rival in ("audio-video alone", "eeg alone", "average", "waver")
        },
        "folds": {
            name: [round(float(share[eeg.folds == fold].mean()), 4) for fold in folds] for name, share in right.items()
        },
        "calibration": {
            "temperature": divisor,
            "ece_before": calibration(softmax(flat, axis=1), wanted)["ece"],
            "ece_after": calibration(softmax(flat / divisor, axis=1), wanted)["ece"],
        },
        "provenance": provenance(config.seed, round(time.monotonic() - started, 1)),
    }
    publish.write(out / config.name / config.version, network, spec, metrics, _card(config, metrics, network))


def _card(config: Fusion, metrics: dict[str, Any], network: nn.Module) -> str:
    scaling = metrics["calibration"]
    by_fold = [", ".join(f"{share:.1%}" for share in shares) for shares in metrics["folds"].values()]
    rows = "\n".join(
        f"{row} {folds} |" for row, folds in zip(score_rows(metrics["scores"]).splitlines(), by_fold, strict=True)
    )
    gains = "; ".join(f"{rival} {_points(gain)}" for rival, gain in metrics["gains"].items())
    return f"""# {config.name}, version {config.version}

**demonstration: EEG simulated**

{config.title}: {", ".join(config.labels)}.

## What it is
A convolutional network, {sum(p.numel() for p in network.parameters()):,} parameters, over the 10 x 5 logits of a
20 s trial: six overlapping windows read by {config.members.audio_video} and four
read by {config.members.eeg}.

## What it was fitted on
**No recording of one person.** {metrics["trials"]} trials of simulated EEG, each paired anew in every epoch with one of
{metrics["clips"]} composed audio-video clips of the same label. Neither the simulated people nor the clips were trained
on by the members, and they chose no checkpoint of them. {config.epochs} epochs, AdamW {config.rate:g}, weight decay
{config.weight_decay:g}, batch {config.batch}, windows shuffled within each network. It learns the labels to
{config.known:.0%}, and else what WAVER says (below). One fit, one seed, weights of
the {config.selection}

## What it scores
Split: {metrics["split"]}. {metrics["pairings"]} pairings of each trial. The interval is over the simulated people
alone: a fold is one actor or a few, and how much actors differ is not in it, but shows in the folds. Chance is 20 %.

| Rule | Accuracy | 95 % interval over people | SD over people | By fold |
| --- | --- | --- | --- | --- |
{rows}

What the CNN gains over others, in points with the 95 % interval over the simulated people: {gains}.

Average: the mean of both networks' probabilities, nothing fitted. WAVER: the same, weighted by each network's accuracy
on the fitting part. XGBoost: trees over both networks' probabilities.
**None of this is an accuracy on recordings of real people.**

Confidence is scaled by a temperature of {scaling["temperature"]:g}, fitted on the readings of all folds together. Its
calibration error there (ECE, 15 bins) is {scaling["ece_after"]:.3f}, {scaling["ece_before"]:.3f} without scaling.

## What it must not be used for
{NOTICE}

## Terms
{publish.LICENCE}
"""


def _points(gain: dict[str, Any]) -> str:
    mean, low, high = (100 * share for share in (gain["accuracy"], *gain["interval_95"]))
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"
