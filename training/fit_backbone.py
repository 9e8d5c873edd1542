"""Fit the image backbone on FER-2013, from small images to full-size ones."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from inference.models.backbone import FEATURES, EfficientFace
from training.augment import shade_faces, warp_faces
from training.datasets.fer2013 import LABELS, Faces

log = logging.getLogger(__name__)


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
        grey = warp_faces(grey, size, generator, degrees=15, scale=0.15, shift=0.08)
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

    The weights are the exponential moving average after the last step; nothing is chosen
    on `validation`, which is only reported to `out/log.jsonl`.
    """
    torch.manual_seed(config["seed"])
    generator = torch.Generator().manual_seed(config["seed"])
    out.mkdir(parents=True, exist_ok=True)
    network = FaceClassifier().to(memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config["ema"]), use_buffers=True)
    for phase in config["phases"]:
        size, epochs, batch = phase["size"], phase["epochs"], phase["batch"]
        optimiser = torch.optim.AdamW(network.parameters(), lr=phase["rate"], weight_decay=config["weight_decay"])
        steps = int(epochs * (len(train) // batch))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, phase["rate"], total_steps=steps + 1, pct_start=phase["warmup"], final_div_factor=phase["decay"]
        )
        step = 0
        while step < steps:
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
                step += 1
                if step >= steps:
                    break
                if step % 50 == 0:
                    log.info("size %d step %d/%d loss %.3f", size, step, steps, np.mean(losses[-50:]))
            entry = {
                "size": size,
                "step": step,
                "steps": steps,
                "loss": round(float(np.mean(losses)), 4),
                "accuracy": round(accuracy(average, validation, size), 4),
                "seconds": round(time.monotonic() - started, 1),
            }
            log.info("%s", entry)
            with (out / "log.jsonl").open("a") as lines:
                lines.write(json.dumps(entry) + "\n")
            state = {name: tensor.contiguous() for name, tensor in average.module.state_dict().items()}
            save_file(state, out / "backbone.safetensors")
