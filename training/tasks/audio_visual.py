"""Fit the audio-video network on composed clips, over a backbone that already reads faces."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.audio_visual import SAMPLES, AudioVisualNetwork
from training.data.fer2013 import LABELS as FACES
from training.data.synthetic_pairs import FACE_OF
from training.engine.optim import descent
from training.features.banks import FaceBank
from training.schema.configuration import AudioVideo
from training.tasks.speech import SpeechBatches, descend


@dataclass(frozen=True)
class Batch:
    """N composed clips, and N faces that come alone: what one training step reads.

    `mfcc` (N, C, 156), `features` and `alone` (N, 15, F); `targets` and `alone_targets` (N, classes)
    are shares of labels that sum to 1.
    """

    mfcc: Tensor
    features: Tensor
    targets: Tensor
    alone: Tensor
    alone_targets: Tensor


def softhard(batch: Batch, black: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """The published modality dropout: (a, v), (c a, (1 - c) v), (0, v), (a, 0), four times the batch.

    Returns MFCC, face features and targets. Features stand in for faces, so a missing face is the
    feature of a black image and the soft copy blends towards it. The faces of the third copy are drawn on
    their own, so that the network learns how often each label occurs among faces without a voice.
    """
    share = torch.randint(100, (len(batch.mfcc), 1, 1), generator=generator) / 100
    nothing = black.expand_as(batch.features)
    return (
        torch.cat((batch.mfcc, share * batch.mfcc, torch.zeros_like(batch.mfcc), batch.mfcc)),
        torch.cat((batch.features, (1 - share) * batch.features + share * nothing, batch.alone, nothing)),
        torch.cat((batch.targets, batch.targets, batch.alone_targets, batch.targets)),
    )


class ComposedBatches:
    """Draws training batches: speech clips changed at random, each with a face of its label.

    `unseen` are faces that the backbone was not fitted on: half of the speech is joined with them, so that
    the network trusts faces little more than it can in use. The faces it has `seen` are joined with the other
    half, and come alone: then their label counts to the share `known`, and else what `opinions` (seen faces, 7) say,
    the probabilities of FER-2013's classes that the backbone's own classifier gives.
    """

    def __init__(
        self,
        speech: SpeechBatches,
        unseen: FaceBank,
        seen: FaceBank,
        labels: Sequence[str],
        opinions: np.ndarray,
        known: float,
    ) -> None:
        self.speech, self.unseen, self.seen = speech, unseen, seen
        shown = {label: FACE_OF.get(label, label) for label in labels}
        self.faces_of = [
            {label: np.flatnonzero(np.array(bank.labels) == face) for label, face in shown.items()}
            for bank in (unseen, seen)
        ]
        # A face that two labels share says the plain one of them twice as often.
        shares = np.array(
            [[(2.0 if name == face else 1.0) * (shown[name] == face) for name in labels] for face in FACES],
            dtype=np.float32,
        )
        wanted = np.array([[label == face for face in FACES] for label in seen.labels])
        self.loners = np.flatnonzero((wanted @ shares).any(axis=1))
        self.says = known * _shares_of(wanted @ shares) + (1 - known) * _shares_of(opinions @ _shares_of(shares))

    def draw(self, size: int) -> Batch:
        """A batch of `size` composed clips and as many faces."""
        random = self.speech.random
        clips, mfcc, targets = self.speech.draw(size)
        said = [self.speech.speech.labels[clip] for clip in clips]
        new, old = (np.array([random.choice(of[label]) for label in said]) for of in self.faces_of)
        half = torch.from_numpy(random.random((size, 1, 1)) < 0.5)
        loners = random.choice(self.loners, size)
        return Batch(
            mfcc,
            torch.where(half, self._moved(self.unseen, new), self._moved(self.seen, old)),
            targets,
            self._moved(self.seen, loners),
            torch.from_numpy(self.says[loners]),
        )

    def _moved(self, bank: FaceBank, images: np.ndarray) -> Tensor:
        """A head that moves on, stays or turns back: views in order, repeated at random."""
        paths = np.sort(self.speech.random.integers(bank.features.shape[1], size=(len(images), SAMPLES)), axis=1)
        return torch.from_numpy(bank.features[images[:, None], paths])


def _shares_of(rows: np.ndarray) -> np.ndarray:
    """Each row as shares that sum to 1, or zeros where there is nothing to share."""
    shares: np.ndarray = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-9)
    return shares


@torch.inference_mode()
def opinions_of(classifier: nn.Linear, bank: FaceBank) -> np.ndarray:
    """Probabilities (N, 7) that a backbone's own classifier gives faces, each by the mean of its views."""
    said: np.ndarray = classifier(torch.from_numpy(bank.features.mean(axis=1))).softmax(1).numpy()
    return said


def fit_behind_backbone(
    network: AudioVisualNetwork, batches: ComposedBatches, config: AudioVideo, place: Path
) -> AudioVisualNetwork:
    """Fit everything behind the backbone; returns the moving average after the last step."""
    generator = torch.Generator().manual_seed(config.seed)
    network.video.backbone.requires_grad_(False)
    down = descent(network, config)
    black = black_feature(network, config.face.size)

    def step() -> float:
        mfcc, features, targets = softhard(batches.draw(config.batch), black, generator)
        read = network.fuse(mfcc, features)
        return down.step(functional.cross_entropy(read, targets, label_smoothing=config.label_smoothing))

    network.train()
    random = batches.speech.randomness(generator)
    descend(step, config.steps, {"descent": down, "random": random}, place)
    return down.average.eval()


@torch.inference_mode()
def black_feature(network: AudioVisualNetwork, size: int) -> Tensor:
    """The features (F,) of a face that is not there."""
    network.eval()
    return network.face_features(torch.zeros(1, 3, size, size)).clone()[0]


def no_faces(network: AudioVisualNetwork, batch: int, size: int) -> Tensor:
    return black_feature(network, size).expand(batch, SAMPLES, -1)
