"""Fit the audio branch alone, once for each fold of actors: what speech gives without faces."""

import json
import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.models.audio_video import AudioBranch
from training.banks import MelBank, SpeechBank
from training.configuration import SpeechFolds
from training.datasets import splits
from training.descent import Descent
from training.metrics import scores
from training.speech_changes import SpeechChanges

log = logging.getLogger(__name__)
_REPORT_EVERY = 10


def read_alone(branch: AudioBranch, mfcc: Tensor) -> Tensor:
    """MFCC (N, C, 156) -> logits (N, classes) of the branch's own classifier."""
    return branch.classifier(branch.stage2(branch.halfway(mfcc)).mean(2))


def fit_folds(mel: MelBank, plain: SpeechBank, changes: SpeechChanges, config: SpeechFolds, out: Path) -> None:
    """Fit on all actors but a fold's and score on those; writes `out/fold-N.json` and `out/metrics.json`.

    The weights scored are the moving average after the last step, so no fold chooses any. A
    fold that stands in `out` is not repeated.
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
            branch = _fit(mel, wanted, fitted, changes, config, number)
            with torch.inference_mode():
                read = read_alone(branch, torch.from_numpy(plain.mfcc[held])).softmax(1)
            done.write_text(json.dumps(read.tolist()))
        probabilities[held] = json.loads(done.read_text())
        log.info("fold %d accuracy %.3f", number, np.mean(probabilities[held].argmax(1) == wanted[held]))
    tested = np.flatnonzero(np.isin(actors, [actor for fold in folds for actor in fold.test]))
    found = scores(probabilities[tested], wanted[tested], config.labels, actors[tested])
    right = probabilities.argmax(1) == wanted
    by_fold = [float(right[np.isin(actors, fold.test)].mean()) for fold in folds]
    found["folds"] = [round(share, 4) for share in by_fold]
    found["mean_of_folds"] = round(float(np.mean(by_fold)), 4)
    (out / "metrics.json").write_text(json.dumps(found, indent=2) + "\n")
    log.info("mean of folds %.4f", found["mean_of_folds"])


def _fit(
    mel: MelBank, wanted: np.ndarray, train: np.ndarray, changes: SpeechChanges, config: SpeechFolds, number: int
) -> AudioBranch:
    seed = config.seed + number
    torch.manual_seed(seed)
    generator = changes.generator.manual_seed(seed)
    branch = AudioBranch(len(config.labels), config.mfcc, less_speaker=config.less_speaker)
    descent = Descent(
        branch,
        config.epochs * (len(train) // config.batch),
        rate=config.rate,
        warmup=config.warmup,
        weight_decay=config.weight_decay,
        ema=config.ema,
    )
    for epoch in range(1, config.epochs + 1):
        branch.train()
        losses = []
        order = train[torch.randperm(len(train), generator=generator).numpy()]
        for start in range(0, len(order) - config.batch + 1, config.batch):
            rows = order[start : start + config.batch]
            mfcc = changes(torch.from_numpy(mel.mel[rows]), torch.from_numpy(mel.lengths[rows]))
            targets = torch.from_numpy(wanted[rows])
            loss = functional.cross_entropy(read_alone(branch, mfcc), targets, label_smoothing=config.label_smoothing)
            losses.append(descent.step(loss))
        if epoch % _REPORT_EVERY == 0:
            log.info("fold %d epoch %d/%d loss %.3f", number, epoch, config.epochs, np.mean(losses))
    return descent.average.eval()
