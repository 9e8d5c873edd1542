"""Training batches of synthetic pairs: augmented speech joined with faces of the same label, as features."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.models.audio_visual import SAMPLES, AudioVisualNetwork
from training.data.fer2013 import LABELS as FACE_LABELS
from training.data.fer2013 import Faces
from training.data.synthetic_pairs import FACE_OF
from training.features.faces import FaceFeatures, face_features
from training.features.modality_dropout import modality_dropout
from training.features.speech import MelSpectrograms, SpeechBatches
from training.schema.audio_visual import SyntheticPairs

log = logging.getLogger(__name__)


class PairBatch(NamedTuple):
    """N pairs, and N faces that come without speech.

    `mfcc` (N, C, 156), or hidden states (N, 180, L * 384) of a speech encoder, `features` and `alone` (N, 15, F);
    `targets` and `alone_targets` (N, classes) are shares of labels that sum to 1.
    """

    mfcc: Tensor
    features: Tensor
    targets: Tensor
    alone: Tensor
    alone_targets: Tensor


def prepare_pairs(
    config: SyntheticPairs, network: AudioVisualNetwork, mel: MelSpectrograms, faces: Faces, classifier: nn.Linear
) -> "PairBatches":
    """Batches of `mel` with the features that the backbone of `network` gives for `faces`.

    `classifier` is the backbone's own.
    """
    speech = SpeechBatches(mel, config.labels, config.speech.mfcc, config.seed)
    seen, heldout = faces.hold_out(config.holdout_every)
    log.info("%d clips; %d faces are joined with them, %d come alone too", len(mel.labels), len(heldout), len(seen))
    heldout_features, seen_features = (
        face_features(network, part, config.face.size, views, config.seed)
        for part, views in ((heldout, config.augmentations), (seen, config.augmentations_seen))
    )
    probabilities = seen_features.probabilities(classifier)
    return PairBatches(speech, heldout_features, seen_features, config.labels, probabilities, config.label_weight)


class PairBatches:
    """Draws training batches of augmented speech clips, each with a face of its label.

    Half of the speech is joined with `heldout` faces, which the backbone was not trained on, so that the network
    learns how far faces can be trusted in use. The other half is joined with faces it has `seen`, which also come
    without speech: their targets are the label to the share `label_weight`, and otherwise `probabilities`
    (seen faces, 7), those of FER-2013's classes by the backbone's own classifier.
    """

    def __init__(
        self,
        speech: SpeechBatches,
        heldout: FaceFeatures,
        seen: FaceFeatures,
        labels: Sequence[str],
        probabilities: NDArray[np.float32],
        label_weight: float,
    ) -> None:
        self.speech, self.heldout, self.seen = speech, heldout, seen
        face_of = {label: FACE_OF.get(label, label) for label in labels}
        self.faces_of = [
            {label: np.flatnonzero(np.array(faces.labels) == face) for label, face in face_of.items()}
            for faces in (heldout, seen)
        ]
        # Where two labels share a face, the label of the same name gets twice the share of the other.
        shares = np.array(
            [[(2.0 if name == face else 1.0) * (face_of[name] == face) for name in labels] for face in FACE_LABELS],
            dtype=np.float32,
        )
        true = np.array([[label == face for face in FACE_LABELS] for label in seen.labels])
        self.usable = np.flatnonzero((true @ shares).any(axis=1))
        self.alone_targets = label_weight * _normalised(true @ shares) + (1 - label_weight) * _normalised(
            probabilities @ _normalised(shares)
        )

    @property
    def generators(self) -> tuple[np.random.Generator, torch.Generator]:
        """The sources of random numbers that the batches are drawn with."""
        return self.speech.generators

    def draw(self, size: int) -> PairBatch:
        """A batch of `size` pairs and as many faces without speech."""
        random = self.speech.random
        clips, mfcc, targets = self.speech.draw(size)
        spoken = [self.speech.speech.labels[clip] for clip in clips]
        heldout, seen = (np.array([random.choice(faces[label]) for label in spoken]) for faces in self.faces_of)
        half = torch.from_numpy(random.random((size, 1, 1)) < 0.5)
        alone = random.choice(self.usable, size)
        return PairBatch(
            mfcc,
            torch.where(half, self._moving(self.heldout, heldout), self._moving(self.seen, seen)),
            targets,
            self._moving(self.seen, alone),
            torch.from_numpy(self.alone_targets[alone]),
        )

    def _moving(self, faces: FaceFeatures, images: NDArray[np.int64]) -> Tensor:
        """Features (N, 15, F) of a head that moves on or stays: its views in order, some repeated at random."""
        views = np.sort(self.speech.random.integers(faces.features.shape[1], size=(len(images), SAMPLES)), axis=1)
        return torch.from_numpy(faces.features[images[:, None], views])


def drop_modalities(batch: PairBatch, black: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """MFCC, features and targets of the published modality dropout, four times the batch.

    Features stand in for faces, so that a missing face is the feature of a black image, `black` (F,). The faces of
    the copy without speech are drawn on their own, so that the network learns how frequent each label is among them.
    """
    mfcc, features = modality_dropout(
        "softhard", batch.mfcc, batch.features, generator, absent=black, alone=batch.alone
    )
    return mfcc, features, torch.cat((batch.targets, batch.targets, batch.alone_targets, batch.targets))


def _normalised(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row divided by its sum, or zeros where that is zero."""
    shares: NDArray[np.float32] = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-9)
    return shares
