"""Fit the audio-video network on composed clips, over a backbone that already reads faces."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.audio_video import SAMPLES, AudioBranch, AudioVideoNetwork
from inference.models.backbone import FEATURES
from training import checkpoint
from training.banks import FaceBank, MelBank
from training.configuration import AudioVideo
from training.datasets.composed import FACE_OF
from training.descent import Descent
from training.fit_speech import read_alone
from training.speech_changes import SpeechChanges

_ROUND = 100  # steps

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Batch:
    """N composed clips, and N faces that come alone: what one training step reads.

    `mfcc` (N, C, 156) goes with `targets`, `joined` (N, C, 156) may belong to another clip; `features` and `alone`
    (N, 15, 1024); `targets` and `alone_targets` (N, classes) are shares of labels that sum to 1.
    """

    mfcc: Tensor
    joined: Tensor
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
        torch.cat((batch.joined, share * batch.joined, torch.zeros_like(batch.mfcc), batch.mfcc)),
        torch.cat((batch.features, (1 - share) * batch.features + share * nothing, batch.alone, nothing)),
        torch.cat((batch.targets, batch.targets, batch.alone_targets, batch.targets)),
    )


class ComposedBatches:
    """Draws training batches: speech clips changed at random, each with a face of its label.

    `unseen` are faces that the backbone was not fitted on: half of the speech is joined with them, so that
    the network trusts faces little more than it can in use. The faces it has `seen` are joined with the other
    half, and come alone. The actors are all known to the audio branch; so that it is not trusted more than with a
    stranger, the share `wrong_voices` of the clips are joined with the voice of another clip, whatever its label.
    """

    def __init__(
        self,
        speech: MelBank,
        changes: SpeechChanges,
        unseen: FaceBank,
        seen: FaceBank,
        labels: Sequence[str],
        wrong_voices: float,
        seed: int,
    ) -> None:
        self.speech, self.changes, self.unseen, self.seen = speech, changes, unseen, seen
        self.wrong_voices = wrong_voices
        self.random = np.random.default_rng(seed)
        self.clips = np.flatnonzero(np.isin(speech.labels, labels))
        self.targets = np.array([[label == name for name in labels] for label in speech.labels], dtype=np.float32)
        shown = {label: FACE_OF.get(label, label) for label in labels}
        self.faces_of = [
            {label: np.flatnonzero(np.array(bank.labels) == face) for label, face in shown.items()}
            for bank in (unseen, seen)
        ]
        # A face that two labels share says the plain one of them twice as often.
        says = np.array(
            [[(2.0 if name == face else 1.0) * (shown[name] == face) for name in labels] for face in seen.labels],
            dtype=np.float32,
        )
        self.loners = np.flatnonzero(says.any(axis=1))
        self.says = says / np.maximum(says.sum(axis=1, keepdims=True), 1e-9)

    def draw(self, size: int) -> Batch:
        """A batch of `size` composed clips and as many faces."""
        clips = self.random.choice(self.clips, size)
        said = [self.speech.labels[clip] for clip in clips]
        new, known = (np.array([self.random.choice(of[label]) for label in said]) for of in self.faces_of)
        half = torch.from_numpy(self.random.random((size, 1, 1)) < 0.5)
        loners = self.random.choice(self.loners, size)
        mfcc = self.changes(torch.from_numpy(self.speech.mel[clips]), torch.from_numpy(self.speech.lengths[clips]))
        joined = mfcc
        if self.wrong_voices:
            wrong = torch.from_numpy(self.random.random((size, 1, 1)) < self.wrong_voices)
            joined = torch.where(wrong, mfcc.roll(1, 0), mfcc)
        return Batch(
            mfcc,
            joined,
            torch.where(half, self._moved(self.unseen, new), self._moved(self.seen, known)),
            torch.from_numpy(self.targets[clips]),
            self._moved(self.seen, loners),
            torch.from_numpy(self.says[loners]),
        )

    def draw_speech(self, size: int) -> tuple[Tensor, Tensor]:
        """MFCC (size, 10, 156) of changed clips and their targets (size, classes)."""
        clips = self.random.choice(self.clips, size)
        mel, lengths = torch.from_numpy(self.speech.mel[clips]), torch.from_numpy(self.speech.lengths[clips])
        return self.changes(mel, lengths), torch.from_numpy(self.targets[clips])

    def randomness(self, *others: torch.Generator) -> checkpoint.Randomness:
        """What the batches, and `others`, are drawn with."""
        return checkpoint.Randomness(self.random, self.changes.generator, *others)

    def _moved(self, bank: FaceBank, images: np.ndarray) -> Tensor:
        """A head that moves on, stays or turns back: views in order, repeated at random."""
        paths = np.sort(self.random.integers(bank.features.shape[1], size=(len(images), SAMPLES)), axis=1)
        return torch.from_numpy(bank.features[images[:, None], paths])


def fit_speech_first(
    network: AudioVideoNetwork, batches: ComposedBatches, config: AudioVideo, place: Path
) -> AudioBranch:
    """Fit the audio branch by its own classifier, so that it has something to say when faces join in.

    `network` goes on with the moving average, which is returned as well: what speech alone gives.
    """
    descent = _descent(network.audio, config.speech_steps, config)

    def step() -> float:
        mfcc, targets = batches.draw_speech(config.speech_batch)
        read = read_alone(network.audio, mfcc)
        return descent.step(functional.cross_entropy(read, targets, label_smoothing=config.label_smoothing))

    network.audio.train()
    _descend(step, config.speech_steps, {"descent": descent, "random": batches.randomness()}, place)
    network.audio.load_state_dict(descent.average.state_dict())
    return descent.average.eval()


def fit_behind_backbone(
    network: AudioVideoNetwork, batches: ComposedBatches, config: AudioVideo, place: Path
) -> AudioVideoNetwork:
    """Fit everything behind the backbone; returns the moving average after the last step."""
    generator = torch.Generator().manual_seed(config.seed)
    network.video.backbone.requires_grad_(False)
    descent = _descent(network, config.steps, config)
    black = black_feature(network, config.face.size)

    def step() -> float:
        mfcc, features, targets = softhard(batches.draw(config.batch), black, generator)
        read = network.fuse(mfcc, features)
        return descent.step(functional.cross_entropy(read, targets, label_smoothing=config.label_smoothing))

    network.train()
    _descend(step, config.steps, {"descent": descent, "random": batches.randomness(generator)}, place)
    return descent.average.eval()


def _descent(module: Module, steps: int, config: AudioVideo) -> Descent[Module]:
    return Descent(
        module, steps, rate=config.rate, warmup=config.warmup, weight_decay=config.weight_decay, ema=config.ema
    )


def _descend(step: Callable[[], float], steps: int, parts: dict[str, checkpoint.Stateful], place: Path) -> None:
    """Take `steps` steps, in rounds that are kept."""

    def one(number: int) -> dict[str, Any]:
        last = min(number * _ROUND, steps)
        losses = [step() for _ in range((number - 1) * _ROUND, last)]
        return {"step": last, "of": steps, "loss": round(float(np.mean(losses)), 4)}

    checkpoint.rounds(place, math.ceil(steps / _ROUND), parts, one)


@torch.inference_mode()
def black_feature(network: AudioVideoNetwork, size: int) -> Tensor:
    """The feature (1024,) of a face that is not there."""
    network.eval()
    return network.face_features(torch.zeros(1, 3, size, size)).clone()[0]


def no_faces(network: AudioVideoNetwork, batch: int, size: int) -> Tensor:
    return black_feature(network, size).expand(batch, SAMPLES, FEATURES)
