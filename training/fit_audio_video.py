"""Fit the audio-video network on composed clips, over a backbone that already reads faces."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from inference.models.audio_video import SAMPLES, IntermediateAttention
from inference.models.backbone import FEATURES
from training.banks import FaceBank, SpeechBank
from training.datasets.composed import FACE_OF

log = logging.getLogger(__name__)
_REPORT_EVERY = 100


def softhard(mfcc: Tensor, features: Tensor, black: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The published modality dropout: (a, v), (c a, (1 - c) v), (0, v), (a, 0), four times the batch.

    Features stand in for faces, so a missing face is the feature of a black image and the
    soft copy blends towards it.
    """
    share = torch.randint(100, (len(mfcc), 1, 1), generator=generator) / 100
    nothing = black.expand_as(features)
    return (
        torch.cat((mfcc, share * mfcc, torch.zeros_like(mfcc), mfcc)),
        torch.cat((features, (1 - share) * features + share * nothing, features, nothing)),
    )


class ComposedBatches:
    """Draws training batches: a clip of each label in turn, a changed MFCC of it, a face of its label."""

    def __init__(self, speech: SpeechBank, faces: FaceBank, labels: Sequence[str], seed: int) -> None:
        self.speech, self.faces, self.labels = speech, faces, labels
        self.random = np.random.default_rng(seed)
        self.clips_of = [np.flatnonzero(np.array(speech.labels) == label) for label in labels]
        self.faces_of = [np.flatnonzero(np.array(faces.labels) == FACE_OF.get(label, label)) for label in labels]

    def draw(self, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """MFCC (size, 10, 156), face features (size, 15, 1024), label indices (size,)."""
        targets = self.random.permutation(np.arange(size) % len(self.labels))
        clips = [self.random.choice(self.clips_of[target]) for target in targets]
        faces = [self.random.choice(self.faces_of[target]) for target in targets]
        variants = self.random.integers(self.speech.mfcc.shape[1], size=size)
        views = self.faces.features.shape[1]
        # A head that moves on, stays or turns back: views in order, repeated at random.
        paths = np.sort(self.random.integers(views, size=(size, SAMPLES)), axis=1)
        features = self.faces.features[np.array(faces)[:, None], paths]
        return torch.from_numpy(self.speech.mfcc[clips, variants]), torch.from_numpy(features), torch.tensor(targets)


def fit_behind_backbone(
    network: IntermediateAttention, batches: ComposedBatches, config: dict[str, Any]
) -> IntermediateAttention:
    """Fit everything behind the backbone; returns the moving average after the last step."""
    generator = torch.Generator().manual_seed(config["seed"])
    parameters = [p for name, p in network.named_parameters() if ".backbone." not in name]
    optimiser = torch.optim.AdamW(parameters, lr=config["rate"], weight_decay=config["weight_decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config["rate"], total_steps=config["steps"])
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config["ema"]), use_buffers=True)
    black = black_feature(network, config["face"]["size"])
    losses: list[float] = []
    for step in range(1, config["steps"] + 1):
        network.train()
        mfcc, features, targets = batches.draw(config["batch"])
        mfcc, features = softhard(mfcc, features, black, generator)
        loss = functional.cross_entropy(
            network.fuse(mfcc, features), targets.repeat(4), label_smoothing=config["label_smoothing"]
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        average.update_parameters(network)
        losses.append(loss.item())
        if step % _REPORT_EVERY == 0:
            log.info("step %d/%d loss %.3f", step, config["steps"], np.mean(losses[-_REPORT_EVERY:]))
    fitted = average.module.eval()
    assert isinstance(fitted, IntermediateAttention)
    return fitted


@torch.inference_mode()
def black_feature(network: IntermediateAttention, size: int) -> Tensor:
    """The feature (1024,) of a face that is not there."""
    network.eval()
    return network.face_features(torch.zeros(1, 3, size, size)).clone()[0]


def no_faces(network: IntermediateAttention, batch: int, size: int) -> Tensor:
    return black_feature(network, size).expand(batch, SAMPLES, FEATURES)
