"""Trains the network that joins audio-visual and EEG logits.

On simulated EEG, the logits come from other recordings and are paired at random by label. Folds share no subject,
actor or face: each fold is scored by a fusion of the others, and the published weights are trained on all.

On EAV, the members were trained on the `train` subjects of a fold, and the audio-visual one chose its epoch on the
`validation` subjects. So the fusion is trained on the `test` subjects: each is scored by a fusion of all the others,
and the published weights are trained on all of them.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
import xgboost
from lightning_fabric import Fabric
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from inference import store
from inference.model_spec import EegSpec
from inference.models import build_model
from inference.models.eegnet import EEGNet
from inference.models.fusion import AUDIO_VIDEO_ROWS, BoostedTrees, build_fusion, mean_probabilities
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import eav, splits
from training.data.cache import cached
from training.engine import devices
from training.engine.loop import Loop
from training.engine.optim import Optimisation
from training.errors import DatasetError
from training.evaluation import eeg as eeg_evaluation
from training.evaluation.calibration import temperature
from training.evaluation.metrics import INTERVAL, by_subject, calibration, scores_by_label
from training.evaluation.recordings import window_logits
from training.features import eeg as eeg_features
from training.features.fusion import Logits, pair, shuffle
from training.features.recordings import Preprocessing, WindowDataset, prepare, read_clips
from training.publishing import spec as specs
from training.publishing.provenance import provenance
from training.publishing.weights import publish
from training.schema import configuration
from training.schema.eeg import SimulatedEEG
from training.schema.fusion import FusionConfig, RecordedFusion, SimulatedFusion
from training.tasks.eeg import describe

log = logging.getLogger(__name__)

# Matrices (N, 10, classes) of trials: audio-visual windows, then those of EEG.
Draw = Callable[[np.random.Generator], NDArray[np.float32]]


def fit_simulated(config: SimulatedFusion, out: Path) -> None:
    """Train, score and write `out`/NAME/VERSION.

    Raises DatasetError where the audio-visual logits are missing or do not fit.
    """
    started = time.monotonic()
    audio_visual = _synthetic_logits(config)
    folds = np.unique(audio_visual.folds)
    eeg, subjects = _simulated_logits(config, len(folds))
    predicted: dict[str, NDArray[np.float32]] = {}
    with devices.launch() as fabric:
        for fold in folds:
            clips, trials = (part.subset(part.folds != fold) for part in (audio_visual, eeg))
            held_clips, held_trials = (part.subset(part.folds == fold) for part in (audio_visual, eeg))
            rng = np.random.default_rng(config.seed)
            pool = np.concatenate([pair(clips, trials, rng) for _ in range(config.tree_pairings)])
            pool_labels = np.tile(trials.labels, config.tree_pairings)
            draws = [pair(held_clips, held_trials, rng) for _ in range(config.test_pairings)]
            network = train(fabric, partial(pair, clips, trials), trials.labels, config)
            for name, rule in rules(network, pool, pool_labels, config).items():
                shape = (len(draws), len(eeg.labels), len(config.labels))
                every = predicted.setdefault(name, np.zeros(shape, np.float32))
                every[:, eeg.folds == fold] = np.stack([apply_rule(rule, matrices) for matrices in draws])
        network = train(fabric, partial(pair, audio_visual, eeg), eeg.labels, config)
        processes, main = fabric.world_size, fabric.is_global_zero
    correct = {name: (logits.argmax(2) == eeg.labels).mean(axis=0) for name, logits in predicted.items()}
    flat, targets = predicted["cnn"].reshape(-1, len(config.labels)), np.tile(eeg.labels, config.test_pairings)
    scaling = _calibration(flat, targets)
    metrics = {
        "data": f"simulated EEG (demonstration: {specs.SIMULATED_EEG}) paired at random by label with composed clips",
        "split": f"{len(folds)} folds that share no simulated person, actor or face, each read by a fusion fitted on "
        "the others; no member was fitted on any of them",
        "selection": config.selection,
        "interval": INTERVAL,
        "pairings": config.test_pairings,
        "trials": len(eeg.labels),
        "clips": len(audio_visual.labels),
        "scores": {
            name: by_subject(share, subjects, config.seed)
            | scores_by_label(predicted[name].argmax(2).ravel(), targets, config.labels)
            for name, share in correct.items()
        },
        "gains": {
            rival: by_subject(correct["cnn"] - correct[rival], subjects, config.seed)
            for rival in ("audio-video alone", "eeg alone", "average", "waver")
        },
        "folds": {
            name: [round(float(share[eeg.folds == fold].mean()), 4) for fold in folds]
            for name, share in correct.items()
        },
        "calibration": scaling,
        "provenance": provenance(config.seed, round(time.monotonic() - started, 1), processes),
    }
    if main:
        publish(network, specs.fusion(config, scaling["temperature"]), metrics, config, "simulated_fusion", out)


def fit_recorded(config: RecordedFusion, root: Path, out: Path) -> None:
    """Train, score and write `out`/NAME/VERSION.

    Raises DatasetError for members with other labels or of another fold, and what reading EAV raises.
    """
    started = time.monotonic()
    numbers = splits.subjects(config.split, config.fold).test
    members = {role: _member(name, config) for role, name in msgspec.to_builtins(config.members).items()}
    predicted: dict[str, NDArray[np.float32]] = {}
    with devices.launch() as fabric:
        matrices, labels, subjects = _recorded_logits(members, root, numbers, fabric.device)
        for number in numbers:
            others = subjects != number
            log.info("subject %d by a fusion of %d other subjects", number, len(numbers) - 1)
            network = train(fabric, lambda _, rows=others: matrices[rows], labels[others], config)  # type: ignore[misc]
            for name, rule in rules(network, matrices[others], labels[others], config).items():
                every = predicted.setdefault(name, np.zeros((len(labels), len(config.labels)), np.float32))
                every[~others] = apply_rule(rule, matrices[~others])
        network = train(fabric, lambda _: matrices, labels, config)
        processes, main = fabric.world_size, fabric.is_global_zero
    scaling = _calibration(predicted["cnn"], labels)
    metrics = {
        "data": specs.DATA["eav"] + (" (simulated stand-in)" if eav.simulated(root) else ""),
        "split": f"{_fold(config)}, test people, each read by a fusion fitted on the others",
        "selection": "last epoch; nobody that the fusion read was fitted on, by it or by a member, nor chose an epoch",
        "interval": INTERVAL,
        "trials": len(labels),
        "scores": {
            name: by_subject(logits.argmax(1) == labels, subjects, config.seed)
            | scores_by_label(logits.argmax(1), labels, config.labels)
            for name, logits in predicted.items()
        },
        "calibration": scaling,
        "provenance": provenance(config.seed, round(time.monotonic() - started, 1), processes),
    }
    if main:
        publish(network, specs.fusion(config, scaling["temperature"], root), metrics, config, "recorded_fusion", out)


def train(fabric: Fabric, draw: Draw, labels: NDArray[np.int64], config: FusionConfig) -> nn.Module:
    """The network after the last epoch; the matrices drawn for `labels` (N,) and their order are new in each.

    The targets are the labels to the share `label_weight`, and otherwise the probabilities of WAVER: with few
    subjects, the labels alone are soon memorised.
    """
    torch.manual_seed(config.seed)
    network = build_model(config.architecture, len(config.labels)).to(fabric.device)
    rng = np.random.default_rng(config.seed)
    truth = functional.one_hot(torch.from_numpy(labels), len(config.labels)).float()

    def batches(_: int) -> Iterator[tuple[Tensor, Tensor]]:
        drawn = shuffle(draw(rng), rng)
        matrices = torch.from_numpy(drawn)
        targets = torch.lerp(waver(drawn, labels)(matrices).exp(), truth, config.label_weight)
        for chosen in torch.from_numpy(rng.permutation(len(labels))).split(config.batch_size):
            yield devices.share(fabric, (matrices[chosen], targets[chosen]))

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return functional.cross_entropy(network(batch[0]), batch[1])

    optimiser = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    return Loop(fabric, None, rng).run(network, Optimisation(optimiser), config.epochs, batches, loss)


def waver(matrices: NDArray[np.float32], labels: NDArray[np.int64]) -> nn.Module:
    """The mean of both networks' probabilities, weighted by their accuracies on `matrices` (N, 10, classes)."""
    members = matrices[:, :AUDIO_VIDEO_ROWS], matrices[:, AUDIO_VIDEO_ROWS:]
    weights = [float((rows.mean(axis=1).argmax(1) == labels).mean()) for rows in members]
    return build_fusion(classes=matrices.shape[2], method="waver", weights=weights)


def boost(matrices: NDArray[np.float32], labels: NDArray[np.int64], config: FusionConfig) -> BoostedTrees:
    """Trees trained on `matrices` (N, 10, classes) of `labels` (N,)."""
    probabilities = torch.cat(mean_probabilities(torch.from_numpy(matrices)), dim=1).numpy()
    data = xgboost.DMatrix(probabilities, label=labels)
    parameters = msgspec.to_builtins(config.trees)
    rounds = parameters.pop("rounds")
    settings = {"objective": "multi:softprob", "num_class": len(config.labels), "seed": config.seed, "nthread": 1}
    booster = xgboost.train(settings | parameters, data, rounds)
    serialized = np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8)
    boosted = BoostedTrees(size=len(serialized))
    boosted.trees = torch.from_numpy(serialized.copy())
    return boosted


def rules(
    network: nn.Module, matrices: NDArray[np.float32], labels: NDArray[np.int64], config: FusionConfig
) -> Mapping[str, nn.Module]:
    """The trained network and its rivals, on the training part: `matrices` (N, 10, classes) of `labels` (N,)."""
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
def apply_rule(rule: nn.Module, matrices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits (N, classes) that a rule gives for `matrices` (N, 10, classes), on the processor."""
    logits: NDArray[np.float32] = rule.to("cpu")(torch.from_numpy(matrices)).numpy()
    return logits


def _calibration(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> dict[str, float]:
    divisor = round(temperature(logits, targets), 3)
    return {
        "temperature": divisor,
        "ece_before": calibration(softmax(logits, axis=1), targets)["ece"],
        "ece_after": calibration(softmax(logits / divisor, axis=1), targets)["ece"],
    }


def _synthetic_logits(config: SimulatedFusion) -> Logits:
    path = Path(config.audio_video_logits)
    if not path.exists():
        raise DatasetError(f"{path} is missing: it holds the audio-video network's logits on clips unseen by it")
    with np.load(path) as table:
        try:
            found = Logits(table["logits"], table["labels"], table["folds"])
        except KeyError as error:
            raise DatasetError(f"{path}: {error.args[0]}. Make it anew with composed-trials-5.yaml") from error
    if found.logits.shape[1:] != (AUDIO_VIDEO_ROWS, len(config.labels)):
        raise DatasetError(f"{path}: logits have shape {found.logits.shape}, expected (clips, 6, 5)")
    return found


def _simulated_logits(config: SimulatedFusion, folds: int) -> tuple[Logits, NDArray[np.int64]]:
    """EEGNet's logits of the trials of `config.subjects`, who are dealt out to `folds`; and each trial's subject.

    Raises DatasetError where the network has other labels or another configuration, was trained on one of the
    subjects, or a fold has none.
    """
    spec = store.get(config.members.eeg)
    network = store.load_model(spec)
    assert isinstance(network, EEGNet)
    eeg_config = configuration.read(configuration.FOLDER / config.eeg_config)
    assert isinstance(eeg_config, SimulatedEEG)
    first, last = config.subjects
    if list(spec.labels) != config.labels:
        raise DatasetError(f"{spec.name} has other labels than this configuration")
    expected = {
        "split": describe(eeg_config.split),
        "simulation": msgspec.to_builtins(eeg_config.simulation),
    }
    if any(spec.metrics[name] != value for name, value in expected.items()):
        raise DatasetError(f"{spec.name} was fitted with another configuration than {config.eeg_config}")
    if first <= eeg_config.split.train[1]:
        raise DatasetError(f"{spec.name} was fitted on subject {first}, whom the fusion is to read")
    if last - first + 1 < folds:
        raise DatasetError(f"subjects {first} to {last} are too few for {folds} folds")

    def compute(number: int) -> dict[str, NDArray[Any]]:
        trials = eeg_features.simulated_subject(eeg_config, number, config.trials_per_emotion)
        logits = eeg_evaluation.logits(network, trials)
        return {"logits": logits, "labels": trials.labels, "subjects": trials.subjects}

    key = (spec.used.sha256, eeg_features.simulation_key(eeg_config), config.trials_per_emotion)
    numbers = range(first, last + 1)
    arrays = [cached("simulated-eeg-logits", (*key, number), partial(compute, number)) for number in numbers]
    logits, labels, subjects = (np.concatenate([each[name] for each in arrays]) for name in arrays[0])
    return Logits(logits, labels, (subjects - first) % folds), subjects


def _fold(config: RecordedFusion) -> str:
    return f"{config.split}, fold {config.fold}, by person"


def _member(name: str, config: RecordedFusion) -> store.StoredModel:
    spec = store.get(name)
    if list(spec.labels) != config.labels:
        raise DatasetError(f"{name} has other labels than this configuration")
    if spec.metrics["split"] != _fold(config):
        raise DatasetError(
            f"{name} was fitted on {spec.metrics['split']}, so the people of {_fold(config)} may be its own"
        )
    return spec


def _recorded_logits(
    members: Mapping[str, store.StoredModel], root: Path, subjects: Sequence[int], device: torch.device
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Every spoken trial of these subjects: logits (N, 10, classes), labels (N,) and subjects (N,)."""
    predictor = AudioVisualPredictor.load(members["audio_video"], str(device))
    clips = read_clips("eav", root, subjects, predictor.window_s)
    prepared = prepare(clips, Preprocessing(predictor.face, predictor.speech, predictor.window_s))
    windows = WindowDataset(prepared, predictor.labels)
    audio_visual = window_logits(predictor, windows).reshape(len(clips), AUDIO_VIDEO_ROWS, -1)
    eegnet, spec = store.load_model(members["eeg"]).to(device), members["eeg"].spec
    assert isinstance(eegnet, EEGNet)
    assert isinstance(spec, EegSpec)
    trials = eeg_features.recorded_trials(root, subjects, spec.eeg, spec.labels)
    assert windows.targets.tolist() == trials.labels.tolist()
    matrices = np.concatenate([audio_visual, eeg_evaluation.logits(eegnet, trials)], axis=1)
    return matrices, trials.labels, trials.subjects
