"""Fit the image backbone on FER-2013, from small images to full-size ones."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from inference.models.backbone import FEATURES, EfficientFace
from training.augment import shade_faces, warp_faces
from training.datasets.fer2013 import LABELS, Faces

log = logging.getLogger(__name__)
_REPORT_EVERY = 50


class FaceClassifier(nn.Module):
    """The backbone and one linear layer over FER-2013's seven classes."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientFace()
        self.dropout = nn.Dropout(0.3)
        self.classifier = nn.Linear(FEATURES, len(LABELS))

    def forward(self, faces: Tensor) -> Tensor:
        return self.classifier(self.dropout(self.backbone(faces)))


def _batches(faces: Faces, size: int, batch: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    order = torch.randperm(len(faces), generator=generator).numpy()
    for start in range(0, len(order) - batch + 1, batch):
        chosen = order[start : start + batch]
        grey = torch.from_numpy(faces.images[chosen]).unsqueeze(1).float() / 255
        grey = warp_faces(grey, size, generator, degrees=12, scale=0.12, shift=0.06)
        yield shade_faces(grey, generator), torch.from_numpy(faces.labels[chosen])


def as_network_input(grey: Tensor) -> Tensor:
    """(N, 1, S, S) -> (N, 3, S, S) in the memory order that convolutions on CPU like best."""
    return grey.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def accuracy(network: nn.Module, faces: Faces, size: int) -> float:
    """Share of faces read rightly; each is scored together with its mirror image."""
    network.eval()
    right = 0
    for start in range(0, len(faces), 128):
        grey = torch.from_numpy(faces.images[start : start + 128]).unsqueeze(1).float() / 255
        grey = functional.interpolate(grey, size=(size, size), mode="bilinear", align_corners=False)
        logits = network(as_network_input(grey)) + network(as_network_input(grey.flip(3)))
        right += int((logits.argmax(1).numpy() == faces.labels[start : start + 128]).sum())
    return right / len(faces)


def fit_backbone(train: Faces, validation: Faces, config: dict, out: Path) -> None:
    """Train through `config["phases"]` (size, epochs, rate, batch) and write `out/backbone.safetensors`.

    Each phase begins with the moving average that the one before ended with. Nothing is
    chosen on `validation`, which is only reported to `out/log.jsonl`. Phases that stand in
    `out` already are not repeated.
    """
    # Gradients of gates that have closed become denormal, which slows the processor by an order of magnitude.
    torch.set_flush_denormal(True)
    out.mkdir(parents=True, exist_ok=True)
    network = FaceClassifier().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for number, phase in enumerate(config["phases"], 1):
        done = out / f"phase-{number}.safetensors"
        if not done.exists():
            torch.manual_seed(config["seed"] + number)
            save_file(_fit_phase(network, train, validation, config, phase, out / "log.jsonl"), done)
        network.load_state_dict(load_file(done))
    save_file(_contiguous(network.backbone), out / "backbone.safetensors")


def _contiguous(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in module.state_dict().items()}


def _fit_phase(
    network: FaceClassifier, train: Faces, validation: Faces, config: dict, phase: dict, journal: Path
) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(config["seed"])
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config["ema"]), use_buffers=True)
    size, batch = phase["size"], phase["batch"]
    steps = phase["epochs"] * (len(train) // batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=phase["rate"], weight_decay=config["weight_decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, phase["rate"], total_steps=steps + 1, pct_start=phase["warmup"], final_div_factor=phase["decay"]
    )
    for epoch in range(1, phase["epochs"] + 1):
        started, losses = time.monotonic(), []
        network.train()
        for grey, labels in _batches(train, size, batch, generator):
            loss = functional.cross_entropy(network(as_network_input(grey)), labels, label_smoothing=0.1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            average.update_parameters(network)
            losses.append(loss.item())
            if len(losses) % _REPORT_EVERY == 0:
                log.info("size %d epoch %d step %d loss %.3f", size, epoch, len(losses), np.mean(losses[-50:]))
        entry = {
            "size": size,
            "epoch": epoch,
            "loss": round(float(np.mean(losses)), 4),
            "accuracy": round(accuracy(average, validation, size), 4),
            "seconds": round(time.monotonic() - started, 1),
        }
        log.info("%s", entry)
        with journal.open("a") as lines:
            lines.write(json.dumps(entry) + "\n")
    return _contiguous(average.module)
