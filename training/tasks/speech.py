"""Fit the audio branch alone: before faces join in, and once for each fold of actors."""

import json
import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.models.audio_visual import AudioBranch
from training.data import splits
from training.engine import checkpoint
from training.engine.optim import descent
from training.evaluation.metrics import scores
from training.features.banks import MelBank, SpeechBank
from training.features.spec_augment import SpeechChanges
from training.publishing.provenance import provenance
from training.schema.configuration import Hearing, SpeechFolds, SpeechRecipe

log = logging.getLogger(__name__)
_ROUND = 100  # steps
PUBLISHED = "58.1 % (RAVDESS-8, 5 actor folds, same network, 10 MFCC)"


class SpeechBatches:
    """Draws speech clips that have one of `labels`, changed at random."""

    def __init__(self, speech: MelBank, changes: SpeechChanges, labels: Sequence[str], seed: int) -> None:
        self.speech, self.changes = speech, changes
        self.random = np.random.default_rng(seed)
        changes.generator.manual_seed(seed)
        self.clips = np.flatnonzero(np.isin(speech.labels, labels))
        self.targets = np.array([[label == name for name in labels] for label in speech.labels], dtype=np.float32)

    def draw(self, size: int) -> tuple[np.ndarray, Tensor, Tensor]:
        """Which clips (size,), their MFCC (size, C, 156) and targets (size, classes)."""
        clips = self.random.choice(self.clips, size)
        mel, lengths = torch.from_numpy(self.speech.mel[clips]), torch.from_numpy(self.speech.lengths[clips])
        return clips, self.changes(mel, lengths), torch.from_numpy(self.targets[clips])

    def randomness(self, *others: torch.Generator) -> checkpoint.Randomness:
        """What the batches, and `others`, are drawn with."""
        return checkpoint.Randomness(self.random, self.changes.generator, *others)


def most_mfcc(recipe: SpeechRecipe) -> int:
    """How many coefficients have to be computed for the branch and its teachers."""
    return max(hearing.mfcc for hearing in (recipe, *recipe.teachers))


def read_alone(branch: AudioBranch, mfcc: Tensor) -> Tensor:
    """MFCC (N, C, 156), of which the branch takes its first -> logits (N, classes) of its own classifier."""
    return branch.classifier(branch.stage2(branch.intermediate(mfcc[:, : branch.coefficients])).mean(2))


def fit_branch(
    branch: AudioBranch, batches: SpeechBatches, recipe: SpeechRecipe, seed: int, place: Path
) -> AudioBranch:
    """Fit `branch` by its own classifier and return the moving average after the last step.

    Its teachers are fitted first, from other beginnings and on other draws, each without teachers. They
    err on different clips, so what they say together is better than what one says, and the branch learns it
    (knowledge distillation, Hinton et al. 2015). A fit that was stopped goes on from `place`.
    """
    classes = batches.targets.shape[1]
    teachers = []
    for number, hearing in enumerate(recipe.teachers, 1):
        teacher = _branch(classes, hearing, seed + number)
        teachers.append(fitted(teacher, batches, recipe, [], place / f"teacher-{number}"))
    torch.manual_seed(seed)
    return fitted(branch, batches, recipe, teachers, place / "speech")


def _branch(classes: int, hearing: Hearing, seed: int) -> AudioBranch:
    torch.manual_seed(seed)
    return AudioBranch(classes, hearing.mfcc, cepstral_mean_norm=hearing.less_speaker)


def fitted(
    branch: AudioBranch, batches: SpeechBatches, recipe: SpeechRecipe, teachers: list[AudioBranch], place: Path
) -> AudioBranch:
    """Fit `branch` on labels, and on what its `teachers` say where there are any; returns the moving average."""
    down = descent(branch, recipe)

    def step() -> float:
        _, mfcc, targets = batches.draw(recipe.batch)
        read = read_alone(branch, mfcc)
        if not teachers:
            return down.step(functional.cross_entropy(read, targets, label_smoothing=recipe.label_smoothing))
        with torch.no_grad():
            said = torch.stack([read_alone(teacher, mfcc).softmax(1) for teacher in teachers]).mean(0)
        return down.step(functional.cross_entropy(read, torch.lerp(said, targets, recipe.known)))

    branch.train()
    descend(step, recipe.steps, {"descent": down, "random": batches.randomness()}, place)
    return down.average.eval()


def descend(step: Callable[[], float], steps: int, parts: dict[str, checkpoint.Stateful], place: Path) -> None:
    """Take `steps` steps, in rounds that are kept in `place`."""

    def one(number: int) -> dict[str, Any]:
        last = min(number * _ROUND, steps)
        losses = [step() for _ in range((number - 1) * _ROUND, last)]
        return {"step": last, "of": steps, "loss": round(float(np.mean(losses)), 4)}

    checkpoint.rounds(place, math.ceil(steps / _ROUND), parts, one)


def fit_folds(mel: MelBank, plain: SpeechBank, changes: SpeechChanges, config: SpeechFolds, out: Path) -> None:
    """Fit on all actors but a fold's and score on those; writes `out/fold-N.json` and `out/metrics.json`.

    The weights scored are the moving average after the last step, so no fold chooses any. A
    fold that stands in `out` is not repeated, and one that was stopped goes on.
    """
    out.mkdir(parents=True, exist_ok=True)
    actors = np.array(plain.actors)
    wanted = np.array([config.labels.index(label) for label in plain.labels])
    probabilities = np.zeros((len(wanted), len(config.labels)))
    folds = splits.load(config.split).folds
    for number, fold in enumerate(folds):
        fitted, held = (np.flatnonzero(np.isin(actors, part)) for part in (fold.train, fold.test))
        done = out / f"fold-{number}.json"
        if not done.exists():
            place, seed = out / f"fold-{number}", 100 * config.seed + 10 * number
            known = MelBank(mel.mel[fitted], mel.lengths[fitted], [mel.labels[clip] for clip in fitted])
            batches = SpeechBatches(known, changes, config.labels, seed)
            branch = fit_branch(_branch(len(config.labels), config.speech, seed), batches, config.speech, seed, place)
            with torch.inference_mode():
                read = read_alone(branch, torch.from_numpy(plain.mfcc[held])).softmax(1)
            done.write_text(json.dumps(read.tolist()))
            checkpoint.forget(place)
        probabilities[held] = json.loads(done.read_text())
        log.info("fold %d accuracy %.3f", number, np.mean(probabilities[held].argmax(1) == wanted[held]))
    tested = np.flatnonzero(np.isin(actors, [actor for fold in folds for actor in fold.test]))
    found = scores(probabilities[tested], wanted[tested], config.labels, actors[tested])
    right = probabilities.argmax(1) == wanted
    by_fold = [float(right[np.isin(actors, fold.test)].mean()) for fold in folds]
    title = f"Speech alone, {config.speech.mfcc} MFCC, by folds of actors"
    found |= {"title": title, "about": _about(config), "published": PUBLISHED}
    found["folds"] = [round(share, 4) for share in by_fold]
    found["mean_of_folds"] = round(float(np.mean(by_fold)), 4)
    found["provenance"] = provenance(config.seed, checkpoint.seconds(out))
    (out / "metrics.json").write_text(json.dumps(found, indent=2) + "\n")
    log.info("mean of folds %.4f", found["mean_of_folds"])


def _about(config: SpeechFolds) -> str:
    recipe = config.speech
    return (
        f"The audio branch alone on {recipe.mfcc} MFCC{', less the speaker' if recipe.less_speaker else ''}, "
        f"{len(recipe.teachers) or 'no'} teachers, fitted once for each fold of {config.split} on all actors outside "
        f"it; RAVDESS speech, eight labels. Weights: {config.selection}"
    )
