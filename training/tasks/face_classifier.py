"""Trains what an audio-visual network classifies windows without a voice by."""

from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from inference.models.audio_visual import WindowClassifier
from training.engine.loop import Loop
from training.features.moving_faces import MovingFaces
from training.schema.sections import OptimConfig


def fit_face_classifier(
    fabric: Fabric, classifier: WindowClassifier, faces: MovingFaces, config: OptimConfig, directory: Path
) -> WindowClassifier:
    """Train `classifier` on tracks of which one half holds still and the other moves between images.

    Returns the moving average after the last step. A run that was stopped resumes from `directory`.
    """

    def draw(size: int) -> tuple[Tensor, Tensor]:
        still, moving = faces.draw_alone(size // 2), faces.draw_moving(size - size // 2)
        features, targets = (torch.cat(parts) for parts in zip(still, moving, strict=True))
        return features, targets

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        features, targets = batch
        return functional.cross_entropy(network(features), targets, label_smoothing=config.label_smoothing)

    return Loop(fabric, directory, faces.random).run_steps(classifier.to(fabric.device), config, draw, loss)
