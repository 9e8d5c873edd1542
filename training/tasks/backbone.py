"""Trains the image backbone on FER-2013, from small images to large ones."""

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from inference.hashing import sha256_file
from training.data import fer2013, ferplus
from training.engine import checkpoint, devices
from training.engine.loop import Loop
from training.engine.optim import one_cycle
from training.errors import DatasetError
from training.features.alignment import align_faces
from training.features.augmentation import degrade_faces, shade_faces, warp_faces
from training.features.backbone import (
    BACKBONE,
    CLASSIFIER,
    FaceClassifier,
    as_network_input,
    build_classifier,
    classify,
    start_from,
    teacher_probabilities,
)
from training.publishing.provenance import provenance
from training.schema.backbone import FaceBackbone, Phase

log = logging.getLogger(__name__)


class FaceDataset(Dataset[tuple[Tensor, Tensor]]):
    """Batches of images (B, 1, 48, 48) uint8 with their `targets`, shares of labels (B, 7)."""

    def __init__(self, faces: fer2013.Faces, targets: Tensor) -> None:
        self.faces, self.targets = faces, targets

    def __getitem__(self, batch: list[int]) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.faces.images[batch]).unsqueeze(1), self.targets[batch]


def fit(config: FaceBackbone, faces: Path, votes: Path | None, teachers: Sequence[Path], out: Path) -> None:
    """Train through `config.phases` and write `out/backbone.safetensors` with its classifier.

    Each phase starts from the network that the one before ended with; what is written is the moving average of the
    last. Nothing is chosen on the validation part: its accuracy is only reported, to `out/phase-N.jsonl` and, for
    the last phase, to `out/metrics.json`. `teachers` are folders of such fits, whose probabilities for each face are
    distilled. With `config.votes`, the network learns the shares of FER+'s `votes`, a folder of its files, and is
    scored by the label with most votes.
    """
    train, validation, shares = _read(config, faces, votes)
    out.mkdir(parents=True, exist_ok=True)
    with devices.launch(bfloat16=config.bfloat16) as fabric:
        # Gradients of saturated gates become denormal, which slows the processor by an order of magnitude.
        torch.set_flush_denormal(True)
        try:
            dataset = FaceDataset(train, _targets(train, shares, config, teachers, fabric.device))
            _fit_phases(fabric, dataset, validation, config, out)
        finally:
            torch.set_flush_denormal(False)
        if fabric.is_global_zero:
            last = json.loads((out / f"phase-{len(config.phases)}.jsonl").read_text().splitlines()[-1])
            metrics = {
                "data": _describe(config),
                "accuracy": last["accuracy"],
                "n": len(validation),
                "teachers": [sha256_file(teacher / CLASSIFIER) for teacher in teachers],
                "provenance": provenance(config.seed, checkpoint.seconds(out), fabric.world_size),
            }
            (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")


def _read(
    config: FaceBackbone, folder: Path, votes: Path | None
) -> tuple[fer2013.Faces, fer2013.Faces, NDArray[np.float32]]:
    """The faces to learn from, those of PublicTest, and the shares of labels (N, 7) of the former."""
    if (config.votes is None) != (votes is None):
        raise DatasetError("votes: --votes are needed where the configuration names them, and only there")
    train, test = (fer2013.read_npz(folder / name) for name in (fer2013.TRAINING, fer2013.PUBLIC_TEST))
    if config.aligned:
        train, test = align_faces(train), align_faces(test)
    if config.votes is None or votes is None:
        train, _ = train.hold_out(config.holdout_every)
        return train, test, np.eye(len(fer2013.LABELS), dtype=np.float32)[train.labels]
    tested = ferplus.read(votes / ferplus.PUBLIC_TEST, test)
    learned, _ = ferplus.split_training_part(votes, train, tested, config.votes, config.holdout_every)
    return learned.faces, tested.majority(test)[0], learned.shares


def _describe(config: FaceBackbone) -> str:
    labels = ", labelled by most votes of FER+" if config.votes else ""
    aligned = ", aligned" if config.aligned else ""
    mirrored = ", each face read together with its mirror image" if config.flip_tta else ""
    return f"FER-2013 PublicTest{labels}{aligned}{mirrored}"


def _targets(
    faces: fer2013.Faces,
    shares: NDArray[np.float32],
    config: FaceBackbone,
    teachers: Sequence[Path],
    device: torch.device,
) -> Tensor:
    """Shares of labels (N, 7): those given, smoothed, mixed with the mean of the teachers' probabilities."""
    if (config.label_weight < 1) != bool(teachers):
        raise DatasetError(
            f"label_weight is {config.label_weight}: --teachers are needed if it is below 1, and only then"
        )
    labels = torch.from_numpy(shares)
    targets = torch.lerp(labels, torch.full_like(labels, 1 / len(fer2013.LABELS)), config.label_smoothing)
    if not teachers:
        return targets
    taught = torch.stack([teacher_probabilities(teacher, faces.images, device) for teacher in teachers]).mean(0)
    return torch.lerp(taught, targets, config.label_weight)


def _fit_phases(fabric: Fabric, train: FaceDataset, validation: fer2013.Faces, config: FaceBackbone, out: Path) -> None:
    torch.manual_seed(config.seed)
    network = build_classifier(config.backbone, fabric.device)
    if config.init_from:
        start_from(network, config.init_from)
    for number, phase in enumerate(config.phases, 1):
        finished = out / f"phase-{number}.safetensors"
        if finished.exists():
            network.load_state_dict(load_file(finished))
            continue
        average = _fit_phase(fabric, network, train, validation, config, number, out)
        if fabric.is_global_zero:
            about = {"backbone": config.backbone, "size": str(phase.size)}
            save_file(_weights(average.backbone), out / BACKBONE)
            save_file(_weights(average), out / CLASSIFIER, metadata=about)
            save_file(_weights(network), finished)
            checkpoint.remove(out)
        fabric.barrier()


def _fit_phase(
    fabric: Fabric,
    network: FaceClassifier,
    train: FaceDataset,
    validation: fer2013.Faces,
    config: FaceBackbone,
    number: int,
    out: Path,
) -> FaceClassifier:
    """Train `network` in place; returns its moving average."""
    phase = config.phases[number - 1]
    optimisation = one_cycle(
        network,
        phase.epochs * (len(train.targets) // phase.batch_size),
        lr=phase.lr,
        warmup=phase.warmup,
        weight_decay=config.weight_decay,
        ema=config.ema,
        decay=phase.decay,
        momentum=config.momentum,
    )

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        seed = 1_000_000 * config.seed + 10_000 * number + 10 * epoch
        torch.manual_seed(seed + fabric.global_rank)
        generator = torch.Generator(fabric.device).manual_seed(seed + fabric.global_rank)
        chosen = devices.batches_of_indices(fabric, len(train.targets), phase.batch_size, seed)
        for images, targets in devices.load(fabric, train, chosen):
            yield _augment(images, phase, generator), targets

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        images, targets = batch
        return functional.cross_entropy(network(images), targets)

    def validate(network: FaceClassifier) -> float:
        with fabric.autocast():
            logits = classify(network.eval(), validation.images, phase.size, fabric.device, flip_tta=config.flip_tta)
        return float((logits.argmax(1).numpy() == validation.labels).mean())

    loop = Loop(fabric, out, log_name=f"phase-{number}.jsonl")
    return loop.run(network, optimisation, phase.epochs, batches, loss, validate=validate)


def _augment(images: Tensor, phase: Phase, generator: torch.Generator) -> Tensor:
    """(B, 1, 48, 48) uint8 -> (B, 3, size, size), 0..1."""
    shaded = shade_faces(images.float() / 255, generator)
    warp = phase.warp
    warped = warp_faces(shaded, phase.size, generator, degrees=warp.degrees, scale=warp.scale, shift=warp.shift)
    return as_network_input(degrade_faces(warped, phase.degraded, generator) if phase.degraded else warped)


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
