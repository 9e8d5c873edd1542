"""Trains the audio branch alone: before faces join it, and once for each fold of actors."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from msgspec.structs import replace
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from inference.models.audio_branches import AudioBranch
from training.data import ravdess, splits
from training.data.labels import label_indices
from training.engine import checkpoint, devices
from training.engine.loop import Loop
from training.evaluation.metrics import scores
from training.features.speech import (
    SPEECH_SPEC,
    MelSpectrograms,
    SpeechBatch,
    SpeechBatches,
    SpeechFeatures,
    mel_spectrograms,
    middle_mfcc,
)
from training.publishing import published
from training.publishing.provenance import provenance
from training.schema.sections import AudioFeatureConfig, SpeechConfig
from training.schema.speech import SpeechFolds

log = logging.getLogger(__name__)


class SpeechClassifier(nn.Module):
    """An audio branch by its own classifier: MFCC (N, C, 156), of which it takes its first -> logits (N, classes)."""

    def __init__(self, branch: AudioBranch) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, mfcc: Tensor) -> Tensor:
        """Logits of clips."""
        branch = self.branch
        logits: Tensor = branch.classifier(branch.stage2(branch.intermediate(mfcc[:, : branch.coefficients])).mean(2))
        return logits

    @torch.inference_mode()
    def probabilities(self, mfcc: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of MFCC (N, C, 156), on the processor: (N, classes)."""
        device = self.branch.classifier.weight.device
        found: NDArray[np.float32] = self(torch.from_numpy(mfcc).to(device)).softmax(1).cpu().numpy()
        return found

    def accuracy(self, speech: SpeechFeatures, labels: Sequence[str]) -> float:
        """Of its predictions of `labels`, rounded."""
        predicted = self.probabilities(speech.mfcc).argmax(1)
        return round(float(np.mean(predicted == label_indices(speech.labels, labels))), 4)


def fit_branch(
    fabric: Fabric,
    branch: AudioBranch,
    mel: MelSpectrograms,
    labels: Sequence[str],
    config: SpeechConfig,
    seed: int,
    directory: Path,
) -> SpeechClassifier:
    """Train `branch` by its own classifier; returns the moving average after the last step.

    Its teachers are trained first, from other initial weights and on other draws, each without teachers. They err on
    different clips, so that the mean of their probabilities is better than one's, and the branch learns it
    (knowledge distillation, Hinton et al. 2015). A run that was stopped resumes from `directory`.
    """
    batches = SpeechBatches(mel, labels, config.max_mfcc, seed)
    teachers = [
        build_branch(len(labels), features, seed + number) for number, features in enumerate(config.teachers, 1)
    ]
    trained: list[SpeechClassifier] = []
    for number, network in enumerate([*teachers, branch], 1):
        last = network is branch
        place = directory / ("speech" if last else f"teacher-{number}")
        trained.append(train(fabric, network, batches, config, tuple(trained) if last else (), place))
    return trained[-1]


def build_branch(classes: int, features: AudioFeatureConfig, seed: int) -> AudioBranch:
    """An untrained branch with seeded weights."""
    torch.manual_seed(seed)
    return AudioBranch(classes, features.mfcc, cepstral_mean_norm=features.cepstral_mean_norm)


def train(
    fabric: Fabric,
    branch: AudioBranch,
    batches: SpeechBatches,
    config: SpeechConfig,
    teachers: Sequence[SpeechClassifier],
    directory: Path,
) -> SpeechClassifier:
    """Train `branch` on labels, mixed with the probabilities of `teachers`; returns the moving average."""

    def loss(network: nn.Module, batch: SpeechBatch) -> Tensor:
        logits = network(batch.mfcc)
        if not teachers:
            return functional.cross_entropy(logits, batch.targets, label_smoothing=config.label_smoothing)
        with torch.no_grad():
            taught = torch.stack([teacher(batch.mfcc).softmax(1) for teacher in teachers]).mean(0)
        return functional.cross_entropy(logits, torch.lerp(taught, batch.targets, config.label_weight))

    loop = Loop(fabric, directory, *batches.generators)
    return loop.run_steps(SpeechClassifier(branch).to(fabric.device), config, batches.draw, loss)


def fit_folds(config: SpeechFolds, root: Path, out: Path) -> None:
    """Train on all actors but a fold's and score on those; writes `out/fold-N.json` and `out/metrics.json`.

    The scored weights are the moving average after the last step, so no fold chooses any. Folds that are in `out`
    already are not repeated, and one that was stopped resumes.
    """
    folds = splits.load(config.split).folds
    clips = ravdess.read_clips(root, {actor for fold in folds for actor in fold.test})
    plain = middle_mfcc(clips, replace(SPEECH_SPEC, n_mfcc=config.speech.max_mfcc), config.seconds)
    mel = mel_spectrograms(clips, config.seconds)
    actors = np.array(plain.actors)
    targets = label_indices(plain.labels, config.labels)
    probabilities = np.zeros((len(targets), len(config.labels)))
    out.mkdir(parents=True, exist_ok=True)
    for number, fold in enumerate(folds):
        heldout = np.flatnonzero(np.isin(actors, fold.test))
        finished = out / f"fold-{number}.json"
        if not finished.exists():
            train_clips = np.flatnonzero(np.isin(actors, fold.train))
            predicted = _fit_fold(config, number, mel.subset(train_clips), plain.mfcc[heldout], out)
            finished.write_text(json.dumps(predicted.tolist()))
            checkpoint.remove(out / f"fold-{number}")
        probabilities[heldout] = json.loads(finished.read_text())
        log.info("fold %d accuracy %.3f", number, np.mean(probabilities[heldout].argmax(1) == targets[heldout]))
    _report_folds(config, plain, probabilities, folds, out)


def _fit_fold(
    config: SpeechFolds, number: int, mel: MelSpectrograms, heldout: NDArray[np.float32], out: Path
) -> NDArray[np.float32]:
    """Probabilities (N, classes) of the held-out MFCC by a branch that is trained on `mel`."""
    seed = 100 * config.seed + 10 * number
    branch, directory = build_branch(len(config.labels), config.speech.features, seed), out / f"fold-{number}"
    with devices.launch() as fabric:
        trained = fit_branch(fabric, branch, mel, config.labels, config.speech, seed, directory)
        return trained.probabilities(heldout)


def _report_folds(
    config: SpeechFolds,
    speech: SpeechFeatures,
    probabilities: NDArray[np.float64],
    folds: Sequence[splits.Fold],
    out: Path,
) -> None:
    actors, targets = np.array(speech.actors), label_indices(speech.labels, config.labels)
    tested = np.flatnonzero(np.isin(actors, [actor for fold in folds for actor in fold.test]))
    result = scores(probabilities[tested], targets[tested], config.labels, actors[tested])
    correct = probabilities.argmax(1) == targets
    by_fold = [float(correct[np.isin(actors, fold.test)].mean()) for fold in folds]
    result |= {
        "title": f"Speech alone, {config.speech.mfcc} MFCC, by folds of actors",
        "about": _about(config),
        "published": published.SPEECH,
        "folds": [round(share, 4) for share in by_fold],
        "mean_of_folds": round(float(np.mean(by_fold)), 4),
        "provenance": provenance(config.seed, checkpoint.seconds(out)),
    }
    (out / "metrics.json").write_text(json.dumps(result, indent=2) + "\n")
    log.info("mean of folds %.4f", result["mean_of_folds"])


def _about(config: SpeechFolds) -> str:
    speech = config.speech
    return (
        f"The audio branch alone on {speech.mfcc} MFCC{', less the speaker' if speech.cepstral_mean_norm else ''}, "
        f"{len(speech.teachers) or 'no'} teachers, fitted once for each fold of {config.split} on all actors outside "
        f"it; RAVDESS speech, eight labels. Weights: {config.selection}"
    )
