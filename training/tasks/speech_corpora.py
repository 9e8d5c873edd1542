"""Trains the audio branch that reads the speech encoder, and scores it on unknown speakers and unknown corpora."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from inference.model_spec import SpeechEncoderInput
from inference.models.audio_visual import EncoderBranch
from training.data import splits
from training.data.labels import label_indices
from training.data.speech_corpora import RAVDESS, read_corpora
from training.engine import checkpoint, devices
from training.engine.loop import Loop
from training.engine.optim import adamw
from training.errors import DatasetError
from training.evaluation.calibration import temperature
from training.evaluation.metrics import calibration, scores
from training.features.encoded_speech import EncodedBatch, EncodedBatches, EncodedSpeech
from training.features.pretrained_encoder import load_pretrained, model_path
from training.features.sound_augmentation import Degradation
from training.features.speech_windows import CLEAN, SpeechWindows
from training.publishing import published
from training.publishing.provenance import provenance
from training.schema.sections import EncoderBranchConfig
from training.schema.speech import SpeechCorpora

log = logging.getLogger(__name__)
DEGRADATIONS: tuple[str, ...] = get_args(Degradation)
_ABSENT = -1e4  # logit of a label that a corpus does not have
_BATCH = 64


class CorpusClassifier(nn.Module):
    """An audio branch by its own classifier, with an output bias for each corpus.

    A corpus has labels in other proportions than another, and some not at all; the bias learns these, so that the
    branch does not have to. It is dropped after training. `present` (corpora, classes) are the labels of a corpus.
    """

    present: Tensor

    def __init__(self, branch: EncoderBranch, present: Tensor) -> None:
        super().__init__()
        self.branch = branch
        self.bias = nn.Parameter(torch.zeros(present.shape))
        self.register_buffer("present", present)

    def forward(self, states: Tensor, corpora: Tensor) -> Tensor:
        """Logits (N, classes) of windows (N, 180, 384) of the `corpora` (N,)."""
        bias = self.bias.masked_fill(~self.present, _ABSENT)
        return classify(self.branch, states) + bias[corpora]


def classify(branch: EncoderBranch, states: Tensor) -> Tensor:
    """Logits (N, classes) by the branch's own classifier of windows (N, 180, 384) behind its first layer."""
    hidden = branch.encoder.resume(states)
    heard = branch.features(hidden)
    logits: Tensor = branch.classifier(branch.pool(branch.stage2(heard.stage1), heard.statistics))
    return logits


@torch.inference_mode()
def probabilities(branch: EncoderBranch, states: Tensor) -> NDArray[np.float32]:
    """Of windows (N, 180, 384), on the processor: (N, classes)."""
    device = branch.classifier.weight.device
    batches = [classify(branch, batch.to(device)).softmax(1).cpu().numpy() for batch in states.split(_BATCH)]
    return np.concatenate(batches)


def encode_corpora(
    roots: Sequence[Path],
    encoder: SpeechEncoderInput,
    layer: int,
    variants: int,
    seed: int,
    degradations: Sequence[str] = (),
) -> list[EncodedSpeech]:
    """The windows of each corpus: clean, random variants, and for RAVDESS the `degradations`; from runs/ if there."""
    weights, encoded = model_path(), []
    for root in roots:
        clips = read_corpora([root])
        windows = SpeechWindows(clips, encoder, layer, weights, seed)
        names = [CLEAN, *range(variants), *(degradations if clips[0].corpus == RAVDESS else ())]
        arrays = {name: windows.variant(name) for name in names}
        encoded.append(EncodedSpeech(clips[0].corpus, clips, arrays, np.arange(len(clips))))
    return encoded


def fit_branch(
    fabric: Fabric,
    branch: EncoderBranch,
    corpora: Sequence[EncodedSpeech],
    labels: Sequence[str],
    config: EncoderBranchConfig,
    seed: int,
    directory: Path | None,
) -> EncoderBranch:
    """Train `branch` by its own classifier, with its encoder behind the first layer where `encoder_lr` is not 0.

    Returns the moving average after the last step. A run that was stopped resumes from `directory`.
    """
    names = [speech.corpus for speech in corpora]
    shares = {name: share for name, share in config.shares.items() if name in names}
    batches = EncodedBatches(corpora, shares, [CLEAN, *range(config.variants)], labels, seed)
    branch.encoder.requires_grad_(False)
    branch.encoder.blocks[config.layers[0] :].requires_grad_(config.encoder_lr > 0)
    network = CorpusClassifier(branch, batches.present).to(fabric.device)

    def loss(network: nn.Module, batch: EncodedBatch) -> Tensor:
        present = batches.present.to(batch.targets.device)[batch.corpora].float()
        smooth = present / present.sum(1, keepdim=True)
        targets = torch.lerp(batch.targets, smooth, config.label_smoothing)
        return functional.cross_entropy(network(batch.states, batch.corpora), targets)

    loop = Loop(fabric, directory, batches.random)
    optimisation = adamw(network, config, slow=branch.encoder, slow_lr=config.encoder_lr)
    return loop.run_steps(network, config, batches.draw, loss, optimisation).branch


def build_branch(classes: int, config: EncoderBranchConfig, seed: int) -> EncoderBranch:
    """A branch with the pretrained encoder and otherwise seeded weights. Raises DatasetError without the package."""
    torch.manual_seed(seed)
    branch = EncoderBranch(classes, config.layers, config.feature_dropout)
    load_pretrained(branch.encoder, model_path())
    return branch


def fit(config: SpeechCorpora, roots: Sequence[Path], out: Path) -> None:
    """Fit once for each fold of RAVDESS's actors and once for each corpus left out; writes `out/metrics.json`.

    `roots` are RAVDESS and the other corpora. The scored weights are the moving average after the last step. Fits that
    are in `out` already are not repeated. The scores are of single windows, the middles of the clips.

    Raises DatasetError where `out` holds the fits of another configuration.
    """
    out.mkdir(parents=True, exist_ok=True)
    _claim(out, config)
    branch = config.branch
    corpora = {
        speech.corpus: speech
        for speech in encode_corpora(
            roots, config.encoder, branch.layers[0], branch.variants, config.seed, DEGRADATIONS
        )
    }
    if unknown := sorted({*branch.shares, *config.left_out} - {*corpora}):
        raise DatasetError(f"the configuration names corpora that were not given: {', '.join(unknown)}")
    ravdess = corpora[RAVDESS]
    others = [speech for name, speech in corpora.items() if name in branch.shares and name != RAVDESS]
    actors = np.array([int(speaker.removeprefix(f"{RAVDESS}/")) for speaker in ravdess.speakers])
    found = {name: np.zeros((len(actors), len(config.labels))) for name in (CLEAN, *DEGRADATIONS)}
    folds = splits.load(config.split).folds
    for number, fold in enumerate(folds):
        tested = np.isin(actors, fold.test)
        train = [ravdess.where(np.isin(actors, fold.train)), *others]
        predicted = _fit_once(config, f"fold-{number}", train, ravdess.where(tested), tuple(found), out)
        for name, values in predicted.items():
            found[name][tested] = values
    result = _score_folds(config, ravdess, actors, found, folds)
    result["left_out"] = {}
    for name in config.left_out:
        train = [speech for other, speech in corpora.items() if other in branch.shares and other != name]
        clean = _fit_once(config, f"without-{name}", train, corpora[name], (CLEAN,), out)[CLEAN]
        result["left_out"][name] = score_left_out(clean, corpora[name], config.labels)
        log.info("%s left out: %s", name, result["left_out"][name])
    result["provenance"] = provenance(config.seed, checkpoint.seconds(out))
    (out / "metrics.json").write_text(json.dumps(result, indent=2) + "\n")


def _claim(out: Path, config: SpeechCorpora) -> None:
    """Note down which configuration the fits of `out` are of."""
    noted, described = out / "config.json", msgspec.json.encode(config)
    if noted.exists() and noted.read_bytes() != described:
        raise DatasetError(f"{out}: holds the fits of another configuration: give another folder, or remove it")
    noted.write_bytes(described)


def _fit_once(
    config: SpeechCorpora,
    name: str,
    train: Sequence[EncodedSpeech],
    test: EncodedSpeech,
    variants: Sequence[str],
    out: Path,
) -> dict[str, NDArray[np.float64]]:
    """Probabilities (rows of `test`, classes) by variant, from `out`/`name`.json where they were computed before."""
    finished = out / f"{name}.json"
    if not finished.exists():
        with devices.launch(bfloat16=config.branch.bfloat16) as fabric:
            branch = build_branch(len(config.labels), config.branch, config.seed)
            branch = fit_branch(fabric, branch, train, config.labels, config.branch, config.seed, out / name)
            predicted = {variant: probabilities(branch, test.states(variant)).tolist() for variant in variants}
        finished.write_text(json.dumps(predicted))
        checkpoint.remove(out / name)
    return {variant: np.array(values) for variant, values in json.loads(finished.read_text()).items()}


def _score_folds(
    config: SpeechCorpora,
    ravdess: EncodedSpeech,
    actors: NDArray[np.int64],
    found: Mapping[str, NDArray[np.float64]],
    folds: Sequence[splits.Fold],
) -> dict[str, Any]:
    targets = label_indices(ravdess.labels, config.labels)
    result = scores(found[CLEAN], targets, config.labels, actors)
    correct = found[CLEAN].argmax(1) == targets
    by_fold = [float(correct[np.isin(actors, fold.test)].mean()) for fold in folds]
    degraded = {name: round(float(np.mean(found[name].argmax(1) == targets)), 4) for name in DEGRADATIONS}
    errors = calibration_errors(found, targets, [np.isin(actors, fold.test) for fold in folds])
    log.info("mean of folds %.4f, degraded %s, calibration errors %s", np.mean(by_fold), degraded, errors)
    return result | {
        "title": f"Speech alone by a pretrained encoder, fitted on {', '.join(config.branch.shares)}",
        "about": f"The audio branch on hidden states {config.branch.layers} of Whisper tiny.en's encoder, fitted once "
        f"for each fold of {config.split}; RAVDESS speech, eight labels, the middle 3.6 s of each clip. Weights: "
        f"{config.selection}",
        "published": published.SPEECH,
        "folds": [round(share, 4) for share in by_fold],
        "mean_of_folds": round(float(np.mean(by_fold)), 4),
        "degraded": degraded,
        "calibration_errors": errors,
    }


def calibration_errors(
    found: Mapping[str, NDArray[np.float64]], targets: NDArray[np.int64], folds: Sequence[NDArray[np.bool_]]
) -> dict[str, float]:
    """The calibration error of each condition, each fold read with the temperature of the others in all conditions.

    `found` are probabilities (N, classes) by condition, `targets` (N,) label indices, `folds` the rows (N,) of each.
    """
    logits = {name: np.log(np.maximum(values, 1e-9)) for name, values in found.items()}
    divisors = np.zeros((len(targets), 1))
    for fold in folds:
        others = np.concatenate([values[~fold] for values in logits.values()])
        divisors[fold] = temperature(others, np.tile(targets[~fold], len(logits)))
    return {name: calibration(softmax(values / divisors, axis=1), targets)["ece"] for name, values in logits.items()}


def score_left_out(predicted: NDArray[np.float64], speech: EncodedSpeech, labels: Sequence[str]) -> dict[str, Any]:
    """Accuracy and mean recall over the labels that the corpus has; `merged` counts calm as neutral."""
    names = np.array(labels)[predicted.argmax(1)]
    true = np.array(speech.labels)

    def recall(names: NDArray[np.str_]) -> float:
        return round(float(np.mean([np.mean(names[true == label] == label) for label in sorted({*true})])), 4)

    merged = np.where(names == "calm", "neutral", names) if "calm" not in true else names
    return {
        "accuracy": round(float(np.mean(names == true)), 4),
        "recall": recall(names),
        "merged": recall(merged),
        "n": len(true),
    }
