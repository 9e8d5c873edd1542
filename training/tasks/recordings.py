"""Trains the audio-visual network end to end on recordings, by the published recipe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from msgspec.structs import replace
from safetensors.torch import load_file
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from inference import store
from inference.hashing import sha256_file
from inference.model_spec import AudioVisualSpec
from inference.models import build_model
from inference.models.audio_visual import SAMPLES, AudioVisualNetwork
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import splits
from training.engine import checkpoint, devices
from training.engine.loop import BestCheckpoint, Loop
from training.engine.optim import sgd_by_milestones
from training.errors import DatasetError
from training.evaluation.calibration import temperature
from training.evaluation.metrics import INTERVAL, scores
from training.evaluation.recordings import MODALITIES, clip_logits
from training.features.augmentation import transform_clips
from training.features.backbone import load_backbone
from training.features.modality_dropout import modality_dropout
from training.features.recordings import (
    Preprocessing,
    WindowDataset,
    count_without_face,
    prepare,
    read_clips,
)
from training.features.speech import SPEECH_SPEC
from training.publishing import spec as specs
from training.publishing.provenance import provenance
from training.publishing.weights import publish
from training.schema.audio_visual import AudioVisualRecordings


def fit(config: AudioVisualRecordings, root: Path, backbone: Path | None, out: Path) -> None:
    """Train on the subjects of the split's `train`, choose the epoch on `validation`, score `test` once.

    Writes `out`/NAME/VERSION; log and checkpoint lie in runs/NAME-VERSION-KEY, from where a run that was
    stopped resumes after its last whole epoch, to the same result.
    """
    with devices.launch() as fabric:
        spec = specs.recordings(config, root, SPEECH_SPEC)
        torch.manual_seed(config.seed)
        network = build_model(spec.architecture, len(spec.labels))
        assert isinstance(network, AudioVisualNetwork)
        if backbone is not None:
            load_backbone(network, backbone)
        initial = [sha256_file(backbone)] if backbone is not None else []
        if config.init_from is not None:
            source = store.get(config.init_from)
            load_network(network, config.labels, source)
            initial.append(source.used.sha256)
        predictor = AudioVisualPredictor(network, spec, str(fabric.device))
        fold = splits.subjects(config.split, config.fold)
        subjects = {"train": fold.train, "validation": fold.validation, "test": fold.test}
        parts = {part: _windows(fabric, predictor, config, root, numbers) for part, numbers in subjects.items()}
        directory = checkpoint.directory(config, root.resolve(), *initial)
        best = _fit(fabric, predictor, parts, config, directory)
        if fabric.is_global_zero:
            network.load_state_dict(best.weights)
            spec = replace(spec, temperature=_temperature(predictor, parts["validation"]))
            metrics = _metrics(predictor, parts, spec, config, best) | {
                "fitted_actors": sorted({*fold.train, *fold.validation}) if config.source == "ravdess" else [],
                "backbone": "fitted before" if initial else "from scratch",
                "curves": checkpoint.curves(directory),
                "provenance": provenance(config.seed, checkpoint.seconds(directory), fabric.world_size),
            }
            publish(network, spec, metrics, config, "recordings", out)
            checkpoint.remove(directory)
        fabric.barrier()


def load_network(network: AudioVisualNetwork, labels: list[str], source: store.StoredModel) -> None:
    """Load the weights of a model of the store; of its classifiers, the rows of the labels that both have.

    Raises DatasetError for another architecture, or without a label in common.
    """
    common = [label for label in labels if label in source.labels]
    if not common:
        raise DatasetError(f"init_from: {source.name} has none of the labels {labels}")
    weights = load_file(source.directory / "weights.safetensors")
    rows, source_rows = ([names.index(label) for label in common] for names in (labels, list(source.labels)))
    for name, parameter in network.state_dict().items():
        if "classifier." in name and name in weights:
            kept = weights[name][source_rows]
            weights[name] = parameter.clone()
            weights[name][rows] = kept
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise DatasetError(f"init_from: {source.name} has another architecture than this configuration") from error


def _windows(
    fabric: Fabric,
    predictor: AudioVisualPredictor,
    config: AudioVisualRecordings,
    root: Path,
    subjects: tuple[int, ...],
) -> WindowDataset:
    clips = read_clips(config.source, root, subjects, predictor.window_s)
    labelled = [clip for clip in clips if clip.label in config.labels]
    if not labelled:
        raise DatasetError(f"{root}: subjects {list(subjects)} of {config.split} have no clips of {config.labels}")
    preprocessing = Preprocessing(predictor.face, predictor.speech, predictor.window_s)
    # Each process prepares its share; then runs/ holds all of them.
    prepare(labelled[fabric.global_rank :: fabric.world_size], preprocessing)
    fabric.barrier()
    return WindowDataset(prepare(labelled, preprocessing), config.labels)


def _fit(
    fabric: Fabric,
    predictor: AudioVisualPredictor,
    parts: dict[str, WindowDataset],
    config: AudioVisualRecordings,
    directory: Path,
) -> BestCheckpoint:
    train, validation = parts["train"], parts["validation"]
    if len(train) < config.batch_size or config.batch_size % fabric.world_size:
        raise DatasetError(
            f"{config.name}: a batch of {config.batch_size} for {len(train)} windows and {fabric.world_size} processes"
        )

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        seed = 1_000_000 * config.seed + 100 * epoch
        generator = torch.Generator().manual_seed(seed + 1 + fabric.global_rank)
        chosen = devices.batches_of_indices(fabric, len(train), config.batch_size, seed)
        for mfcc, crops, targets in devices.load(fabric, train, chosen):
            faces = predictor.face_tensor(crops).unflatten(0, (-1, SAMPLES))
            faces = transform_clips(faces, config.flip, config.degrees, generator)
            mfcc, faces = modality_dropout(config.modality_dropout, mfcc, faces, generator)
            yield mfcc, faces.flatten(0, 1), targets.repeat(len(mfcc) // len(targets))

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        mfcc, faces, targets = batch
        return functional.cross_entropy(network(mfcc, faces), targets)

    def validate(_: AudioVisualNetwork) -> float:
        return float((clip_logits(predictor, validation).argmax(1) == validation.targets).mean())

    optimisation = sgd_by_milestones(
        predictor.network,
        config.milestones,
        lr=config.lr,
        momentum=config.momentum,
        dampening=config.dampening,
        weight_decay=config.weight_decay,
    )
    best = BestCheckpoint(config.patience)
    loop = Loop(fabric, directory)
    loop.run(predictor.network, optimisation, config.epochs, batches, loss, validate=validate, best=best)
    return best


def _temperature(predictor: AudioVisualPredictor, validation: WindowDataset) -> float:
    return round(temperature(clip_logits(predictor, validation), validation.targets), 3)


def _metrics(
    predictor: AudioVisualPredictor,
    parts: dict[str, WindowDataset],
    spec: AudioVisualSpec,
    config: AudioVisualRecordings,
    best: BestCheckpoint,
) -> dict[str, Any]:
    test = parts["test"]
    noise_seed = config.seed if config.modality_dropout == "noise" else None
    subjects = np.array([clip.subject for clip in test.clips])
    return {
        "data": specs.DATA[config.source] + (" (composed stand-in)" if spec.demonstration else ""),
        "split": f"{config.split}, fold {config.fold}, by person",
        "selection": f"epoch {best.epoch} of {config.epochs}, the best on the validation people "
        f"({best.accuracy:.1%}); the temperature comes from them too; the test people were scored once",
        "interval": INTERVAL,
        "unit": "clip: the mean logits of its windows",
        "clips": {
            part: {"clips": len(windows.clips), "without_face": count_without_face(windows.clips)}
            for part, windows in parts.items()
        },
        "scores": {
            modality: scores(
                softmax(clip_logits(predictor, test, modality, noise_seed) / spec.temperature, axis=1),
                test.targets,
                config.labels,
                subjects,
            )
            for modality in MODALITIES
        },
    }
