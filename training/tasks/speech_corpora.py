"""Trains the audio branch that reads the speech encoder, and scores it on unknown speakers and unknown corpora."""

import json
import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec
import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from inference.model_spec import RecordingNorm, SpeechEncoderInput
from inference.models.audio_branches import EncoderBranch, window_statistics
from inference.models.speech_encoder import SpeechEncoder
from training.data import splits
from training.data.labels import label_indices
from training.data.speech_corpora import RAVDESS, read_corpora
from training.engine import checkpoint, devices
from training.engine.loop import Loop
from training.engine.optim import adamw
from training.errors import DatasetError
from training.evaluation.calibration import temperature
from training.evaluation.metrics import calibration, scores
from training.features.corpus_norm import fit_recording_norm, norms_of_recordings
from training.features.encoded_speech import EncodedBatch, EncodedBatches, EncodedSpeech
from training.features.pretrained_encoder import load_pretrained, model_path
from training.features.recording_norm import batch_norms, normalise
from training.features.sound_augmentation import Degradation
from training.features.speech_windows import CLEAN, SpeechWindows
from training.publishing import published
from training.publishing.provenance import provenance
from training.schema.sections import EncoderBranchConfig
from training.schema.speech import SpeechCorpora

log = logging.getLogger(__name__)
DEGRADATIONS: tuple[str, ...] = get_args(Degradation)
_ABSENT = -1e4  # logit of a label that a corpus does not have


class CorpusClassifier(nn.Module):
    """An audio branch by its own classifier, with an output bias for each corpus; `norm` normalises by the recording.

    A corpus has labels in other proportions than another, and some not at all; the bias learns these, so that the
    branch does not have to. It is dropped after training. `present` (corpora, classes) are the labels of a corpus.
    """

    present: Tensor

    def __init__(self, branch: EncoderBranch, present: Tensor, norm: RecordingNorm | None = None) -> None:
        super().__init__()
        self.branch, self.norm = branch, norm
        self.bias = nn.Parameter(torch.zeros(present.shape))
        self.register_buffer("present", present)

    def forward(self, states: Tensor, corpora: Tensor, recordings: Tensor) -> Tensor:
        """Logits (N, classes) of windows (N, 180, 384) of the `corpora` (N,) and `recordings` (N,)."""
        hidden, norms = self.branch.encoder.resume(states), None
        if self.norm is not None:
            norms = batch_norms(window_statistics(hidden.detach()), recordings, self.norm)
        bias = self.bias.masked_fill(~self.present, _ABSENT)
        logits: Tensor = self.branch(normalise(hidden, norms))
        return logits + bias[corpora]


@torch.inference_mode()
def probabilities(
    branch: EncoderBranch, speech: EncodedSpeech, variant: str | int, norms: Tensor | None = None
) -> NDArray[np.float32]:
    """Of a variant's windows, normalised by `norms` (rows, 2, F): (rows, classes)."""
    device = branch.classifier.weight.device
    batches = speech.hidden(variant, branch.encoder, norms)
    return np.concatenate([branch(hidden.to(device)).softmax(1).cpu().numpy() for hidden in batches])


def encode_corpora(
    roots: Sequence[Path],
    encoder: SpeechEncoderInput,
    config: EncoderBranchConfig,
    seed: int,
    degradations: Sequence[str] = (),
) -> list[EncodedSpeech]:
    """The windows of each corpus: clean, random variants, and for RAVDESS the `degradations`; from runs/ if there."""
    weights, encoded = model_path(), []
    for root in roots:
        clips = read_corpora([root])
        windows = SpeechWindows(clips, encoder, config.layers[0], config.attention_window, weights, seed)
        names = [CLEAN, *range(config.variants), *(degradations if clips[0].corpus == RAVDESS else ())]
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
    norm: RecordingNorm | None = None,
) -> EncoderBranch:
    """Train `branch` by its own classifier, with its encoder behind the first layer where `encoder_lr` is not 0.

    With a `norm`, hidden states are normalised by the recordings that clips of a speaker make.

    Returns the moving average after the last step. A run that was stopped resumes from `directory`.
    """
    batches = draw_batches(corpora, labels, config, seed)
    branch.encoder.requires_grad_(False)
    branch.encoder.blocks[config.layers[0] :].requires_grad_(config.encoder_lr > 0)
    network = CorpusClassifier(branch, batches.present, norm).to(fabric.device)

    def loss(network: nn.Module, batch: EncodedBatch) -> Tensor:
        present = batches.present.to(batch.targets.device)[batch.corpora].float()
        smooth = present / present.sum(1, keepdim=True)
        targets = torch.lerp(batch.targets, smooth, config.label_smoothing)
        return functional.cross_entropy(network(batch.states, batch.corpora, batch.recordings), targets)

    loop = Loop(fabric, directory, batches.random)
    optimisation = adamw(network, config, slow=branch.encoder, slow_lr=config.encoder_lr)
    return loop.run_steps(network, config, batches.draw, loss, optimisation).branch


def draw_batches(
    corpora: Sequence[EncodedSpeech], labels: Sequence[str], config: EncoderBranchConfig, seed: int
) -> EncodedBatches:
    """Batches of `corpora` by their shares, of recordings where `config` normalises by these."""
    shares = {speech.corpus: config.shares[speech.corpus] for speech in corpora}
    longest = 1 if config.recording_norm is None else config.recording_norm.longest
    return EncodedBatches(corpora, shares, [CLEAN, *range(config.variants)], labels, seed, longest)


def norm_of(
    corpora: Sequence[EncodedSpeech], encoder: SpeechEncoder, config: EncoderBranchConfig
) -> RecordingNorm | None:
    """What `config` normalises hidden states to: the statistics of `corpora` by the pretrained `encoder`, or None."""
    if config.recording_norm is None:
        return None
    return fit_recording_norm(corpora, encoder, config.recording_norm.prior_windows)


def build_branch(classes: int, config: EncoderBranchConfig, seed: int) -> EncoderBranch:
    """A branch with the pretrained encoder and otherwise seeded weights. Raises DatasetError without the package."""
    torch.manual_seed(seed)
    branch = EncoderBranch(classes, config.layers, config.feature_dropout, config.attention_window)
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
    encoded = encode_corpora(roots, config.encoder, branch, config.seed, DEGRADATIONS)
    corpora = {speech.corpus: speech for speech in encoded}
    if unknown := sorted({*branch.shares, *config.left_out} - {*corpora}):
        raise DatasetError(f"the configuration names corpora that were not given: {', '.join(unknown)}")
    ravdess = corpora[RAVDESS]
    others = [speech for name, speech in corpora.items() if name in branch.shares and name != RAVDESS]
    actors = np.array([int(speaker.removeprefix(f"{RAVDESS}/")) for speaker in ravdess.speakers])
    conditions = conditions_of(branch, (CLEAN, *DEGRADATIONS))
    found = {name: np.zeros((len(actors), len(config.labels))) for name in conditions}
    folds = splits.load(config.split).folds
    for number, fold in enumerate(folds):
        tested = np.isin(actors, fold.test)
        train = [ravdess.where(np.isin(actors, fold.train)), *others]
        predicted = _fit_once(config, f"fold-{number}", train, ravdess.where(tested), conditions, out)
        for name, values in predicted.items():
            found[name][tested] = values
    result = _score_folds(config, ravdess, actors, found, folds)
    result["left_out"] = {}
    for name in config.left_out:
        train = [speech for other, speech in corpora.items() if other in branch.shares and other != name]
        clean = conditions_of(branch, (CLEAN,))
        predicted = _fit_once(config, f"without-{name}", train, corpora[name], clean, out)
        scored = {each: score_left_out(values, corpora[name], config.labels) for each, values in predicted.items()}
        result["left_out"][name] = scored.pop(CLEAN) | ({"recordings": scored} if scored else {})
        log.info("%s left out: %s", name, result["left_out"][name])
    result["provenance"] = provenance(config.seed, checkpoint.seconds(out))
    (out / "metrics.json").write_text(json.dumps(result, indent=2) + "\n")


def _claim(out: Path, config: SpeechCorpora) -> None:
    """Note down which configuration the fits of `out` are of."""
    noted, described = out / "config.json", msgspec.json.encode(config)
    if noted.exists() and noted.read_bytes() != described:
        raise DatasetError(f"{out}: holds the fits of another configuration: give another folder, or remove it")
    noted.write_bytes(described)


class Condition(NamedTuple):
    """How clips are read: their variant, and which of a corpus's clips are one recording, which normalises them."""

    variant: str
    recordings: Callable[[EncodedSpeech], Sequence[Hashable]]


_RECORDINGS: dict[str, Callable[[EncodedSpeech], Sequence[Hashable]]] = {
    "speaker": lambda speech: speech.speakers.tolist(),
    "speaker and label": lambda speech: list(zip(speech.speakers.tolist(), speech.labels, strict=True)),
}


def conditions_of(config: EncoderBranchConfig, variants: Sequence[str]) -> dict[str, Condition]:
    """The conditions of a test by name: each clip is a recording of its own, called like its variant.

    With normalisation also: all clips of a speaker are one recording, and all of a speaker with one label.
    """
    found = {variant: Condition(variant, lambda speech: speech.rows.tolist()) for variant in variants}
    if config.recording_norm is not None:
        for name, recordings in _RECORDINGS.items():
            found |= {f"{variant} by {name}": Condition(variant, recordings) for variant in variants}
    return found


def _fit_once(
    config: SpeechCorpora,
    name: str,
    train: Sequence[EncodedSpeech],
    test: EncodedSpeech,
    conditions: Mapping[str, Condition],
    out: Path,
) -> dict[str, NDArray[np.float64]]:
    """Probabilities (rows of `test`, classes) by condition, from `out`/`name`.json where they were computed before."""
    finished = out / f"{name}.json"
    if not finished.exists():
        with devices.launch(bfloat16=config.branch.bfloat16) as fabric:
            branch = build_branch(len(config.labels), config.branch, config.seed)
            norm = norm_of(train, branch.encoder, config.branch)
            branch = fit_branch(fabric, branch, train, config.labels, config.branch, config.seed, out / name, norm)
            predicted = {each: _predict(branch, test, norm, condition) for each, condition in conditions.items()}
        finished.write_text(json.dumps(predicted))
        checkpoint.remove(out / name)
    return {each: np.array(values) for each, values in json.loads(finished.read_text()).items()}


def _predict(
    branch: EncoderBranch, test: EncodedSpeech, norm: RecordingNorm | None, condition: Condition
) -> list[list[float]]:
    norms = norms_of_recordings(test, norm, branch.encoder, condition.variant, condition.recordings(test))
    predicted: list[list[float]] = probabilities(branch, test, condition.variant, norms).tolist()
    return predicted


def _score_folds(
    config: SpeechCorpora,
    ravdess: EncodedSpeech,
    actors: NDArray[np.int64],
    found: Mapping[str, NDArray[np.float64]],
    folds: Sequence[splits.Fold],
) -> dict[str, Any]:
    targets = label_indices(ravdess.labels, config.labels)
    result = scores(found[CLEAN], targets, config.labels, actors)
    correct = {name: values.argmax(1) == targets for name, values in found.items()}
    by_fold = [float(correct[CLEAN][np.isin(actors, fold.test)].mean()) for fold in folds]
    shares = {name: round(float(values.mean()), 4) for name, values in correct.items()}
    alone = {name: found[name] for name in (CLEAN, *DEGRADATIONS)}
    errors = calibration_errors(alone, targets, [np.isin(actors, fold.test) for fold in folds])
    log.info("mean of folds %.4f, accuracies %s, calibration errors %s", np.mean(by_fold), shares, errors)
    return result | {
        "title": f"Speech alone by a pretrained encoder, fitted on {', '.join(config.branch.shares)}"
        f"{', normalised by the recording' if config.branch.recording_norm else ''}",
        "about": f"The audio branch on hidden states {config.branch.layers} of Whisper tiny.en's encoder, fitted once "
        f"for each fold of {config.split}; RAVDESS speech, eight labels, the middle 3.6 s of each clip. Weights: "
        f"{config.selection}",
        "published": published.SPEECH,
        "folds": [round(share, 4) for share in by_fold],
        "mean_of_folds": round(float(np.mean(by_fold)), 4),
        "degraded": {name: shares[name] for name in DEGRADATIONS},
        "recordings": {name: share for name, share in shares.items() if name not in alone},
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
