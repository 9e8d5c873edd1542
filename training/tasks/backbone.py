"""Fit the image backbone on FER-2013, from small images to full-size ones."""

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from inference.hashing import sha256_file
from inference.models.audio_visual import BACKBONES, AudioVisualNetwork
from training.data.fer2013 import LABELS, Faces
from training.engine import checkpoint
from training.engine import devices as distributed
from training.engine.optim import Descent
from training.errors import DatasetError
from training.features.augmentation import shade_faces, warp_faces
from training.publishing.provenance import provenance
from training.schema.configuration import FaceBackbone, Phase

log = logging.getLogger(__name__)
_REPORT_EVERY = 50
_SCORED = 128
CLASSIFIER = "classifier.safetensors"


class FaceClassifier(nn.Module):
    """A backbone of BACKBONES and one linear layer over FER-2013's seven classes."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.backbone = BACKBONES[backbone]()
        self.dropout = nn.Dropout(0.3)
        self.classifier = nn.Linear(self.backbone.features, len(LABELS))

    def forward(self, faces: Tensor) -> Tensor:
        return self.classifier(self.dropout(self.backbone(faces)))


def _ready(backbone: str) -> FaceClassifier:
    """A classifier where it is computed, in the memory order that convolutions on CPU like best."""
    classifier: FaceClassifier = FaceClassifier(backbone).to(
        distributed.device(),
        memory_format=torch.channels_last,  # type: ignore[call-overload]
    )
    return classifier


def _batches(faces: Faces, targets: Tensor, phase: Phase, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch: this process's share of every batch and of `targets`, in the same order in every process."""
    order = torch.randperm(len(faces), generator=torch.Generator().manual_seed(seed)).numpy()
    device, rank, world = distributed.device(), distributed.rank(), distributed.world()
    generator = torch.Generator(device).manual_seed(seed + rank)
    for start in range(0, len(order) - phase.batch + 1, phase.batch):
        chosen = order[start : start + phase.batch][rank::world]
        grey = torch.from_numpy(faces.images[chosen]).to(device).unsqueeze(1).float() / 255
        grey = warp_faces(shade_faces(grey, generator), phase.size, generator, **phase.warp.model_dump())
        yield grey, targets[torch.from_numpy(chosen)].to(device)


def as_network_input(grey: Tensor) -> Tensor:
    """(N, 1, S, S) -> (N, 3, S, S) in the memory order that convolutions on CPU like best."""
    return grey.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def _read(network: nn.Module, images: np.ndarray, size: int) -> Tensor:
    """Logits (N, 7) of grey images (N, 48, 48) uint8, each the mean of what the face and its mirror image give."""
    grey = torch.from_numpy(images).to(distributed.device()).unsqueeze(1).float() / 255
    grey = functional.interpolate(grey, size=(size, size), mode="bilinear", align_corners=False)
    return (network(as_network_input(grey)) + network(as_network_input(grey.flip(3)))).float().cpu() / 2


def accuracy(network: nn.Module, faces: Faces, size: int) -> float:
    """Share of faces read rightly; each is scored together with its mirror image."""
    network.eval()
    right = torch.zeros((), device=distributed.device())
    for start in range(distributed.rank() * _SCORED, len(faces), distributed.world() * _SCORED):
        part = slice(start, start + _SCORED)
        right += (_read(network, faces.images[part], size).argmax(1).numpy() == faces.labels[part]).sum().item()
    return distributed.total(right).item() / len(faces)


def _said(teacher: Path, images: np.ndarray) -> Tensor:
    """Probabilities (N, 7) that a fitted backbone with its classifier gives."""
    try:
        with safe_open(teacher / CLASSIFIER, framework="pt") as file:
            about = file.metadata() or {}
        network, size = _ready(about["backbone"]), int(about["size"])
    except (OSError, SafetensorError, KeyError) as error:
        raise DatasetError(f"{teacher}: not the folder of a fitted backbone: {error}") from error
    network.load_state_dict(load_file(teacher / CLASSIFIER))
    network.eval()
    log.info("asking %s about %d faces", teacher, len(images))
    starts = range(0, len(images), _SCORED)
    read = [_read(network, images[start : start + _SCORED], size) for start in starts]
    return torch.cat(read).softmax(1)


def _targets(faces: Faces, config: FaceBackbone, teachers: Sequence[Path]) -> Tensor:
    """Shares of labels (N, 7): the smoothed label, and the mean of what the teachers say."""
    if (config.known < 1) != bool(teachers):
        raise DatasetError(f"known is {config.known}: --teachers are needed if it is below 1, and only then")
    labels = functional.one_hot(torch.from_numpy(faces.labels), len(LABELS)).float()
    targets = torch.lerp(labels, torch.full_like(labels, 1 / len(LABELS)), config.label_smoothing)
    if not teachers:
        return targets
    taught = torch.stack([_said(teacher, faces.images) for teacher in teachers]).mean(0)
    return torch.lerp(taught, targets, config.known)


def fit_backbone(train: Faces, validation: Faces, config: FaceBackbone, teachers: Sequence[Path], out: Path) -> None:
    """Train through `config.phases` (size, epochs, batch, rate, warp) and write `out/backbone.safetensors`.

    Each phase begins with the network that the one before ended with; what is written is the
    moving average of the last. Nothing is chosen on `validation`: its accuracy is only reported, to
    `out/phase-N.jsonl` and that of the last phase to `out/metrics.json`. A run that was stopped goes
    on behind its last whole epoch. Under torchrun the processes share every batch. `teachers` are folders that
    such a fit wrote: what they say of each face, as it is and mirrored, is learned beside its label.
    """
    out.mkdir(parents=True, exist_ok=True)
    # Gradients of gates that have closed become denormal, which slows the processor by an order of magnitude.
    torch.set_flush_denormal(True)
    try:
        _fit_phases(train, _targets(train, config, teachers), validation, config, out)
    finally:
        torch.set_flush_denormal(False)
    if distributed.rank() == 0:
        last = json.loads((out / f"phase-{len(config.phases)}.jsonl").read_text().splitlines()[-1])
        metrics = {
            "data": "FER-2013 PublicTest, each face read together with its mirror image",
            "accuracy": last["accuracy"],
            "n": len(validation),
            "teachers": [sha256_file(teacher / CLASSIFIER) for teacher in teachers],
            "provenance": provenance(config.seed, checkpoint.seconds(out)),
        }
        (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")


def _fit_phases(train: Faces, targets: Tensor, validation: Faces, config: FaceBackbone, out: Path) -> None:
    torch.manual_seed(config.seed)
    network = _ready(config.backbone)
    for number in range(1, len(config.phases) + 1):
        done = out / f"phase-{number}.safetensors"
        if done.exists():
            network.load_state_dict(load_file(done))
            continue
        average = _fit_phase(network, train, targets, validation, config, number, out)
        if distributed.rank() == 0:
            about = {"backbone": config.backbone, "size": str(config.phases[number - 1].size)}
            save_file(_contiguous(average.backbone), out / "backbone.safetensors")
            save_file(_contiguous(average), out / CLASSIFIER, metadata=about)
            save_file(_contiguous(network), done)
            checkpoint.forget(out)
        distributed.wait()


def classifier_beside(fitted: Path, features: int) -> nn.Linear:
    """The classifier (`features` -> 7) that was fitted with `backbone.safetensors` and lies beside it.

    Raises DatasetError where there is none, or one of another backbone.
    """
    path, classifier = fitted.with_name(CLASSIFIER), nn.Linear(features, len(LABELS))
    try:
        state = load_file(path)
        if any(not torch.equal(state[f"backbone.{name}"], tensor) for name, tensor in load_file(fitted).items()):
            raise DatasetError(f"{path}: not the classifier of this backbone")
        classifier.load_state_dict({name: state[f"classifier.{name}"] for name in ("weight", "bias")})
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise DatasetError(f"{path}: not the classifier of this backbone: {error}") from error
    return classifier


def give_backbone(network: AudioVisualNetwork, fitted: Path) -> None:
    """Put the weights of `backbone.safetensors` in their place. Raises DatasetError if they have another one."""
    try:
        network.video.backbone.load_state_dict(load_file(fitted))
    except (OSError, SafetensorError) as error:
        raise DatasetError(f"{fitted}: not a fitted backbone: {error}") from error
    except RuntimeError as error:
        wanted = type(network.video.backbone).__name__
        raise DatasetError(
            f"{fitted}: holds another backbone than the configuration, which asks for {wanted}"
        ) from error


def _contiguous(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in module.state_dict().items()}


def _fit_phase(
    network: FaceClassifier,
    train: Faces,
    targets: Tensor,
    validation: Faces,
    config: FaceBackbone,
    number: int,
    out: Path,
) -> FaceClassifier:
    """Train `network` in place; returns its moving average."""
    phase = config.phases[number - 1]
    descent = Descent(
        network,
        phase.epochs * (len(train) // phase.batch),
        rate=phase.rate,
        warmup=phase.warmup,
        weight_decay=config.weight_decay,
        ema=config.ema,
        decay=phase.decay,
        momentum=config.momentum,
    )
    shared = distributed.shared(network)
    precision = torch.autocast(distributed.device().type, torch.bfloat16, enabled=config.bfloat16)

    def epoch(epoch: int) -> dict[str, Any]:
        losses = []
        seed = 1_000_000 * config.seed + 10_000 * number + 10 * epoch
        torch.manual_seed(seed + distributed.rank())
        shared.train()
        for grey, wanted in _batches(train, targets, phase, seed):
            with precision:
                loss = functional.cross_entropy(shared(as_network_input(grey)), wanted)
            losses.append(descent.step(loss))
            if len(losses) % _REPORT_EVERY == 0:
                log.info("size %d epoch %d step %d loss %.3f", phase.size, epoch, len(losses), np.mean(losses[-50:]))
        with precision:
            share = accuracy(descent.average, validation, phase.size)
        return {
            "size": phase.size,
            "epoch": epoch,
            "loss": round(float(np.mean(losses)), 4),
            "accuracy": round(share, 4),
        }

    checkpoint.rounds(out, phase.epochs, {"descent": descent}, epoch, f"phase-{number}.jsonl")
    return descent.average
