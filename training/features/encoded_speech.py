"""Training batches of encoded speech: windows of several corpora, drawn by the share of each, alone or with faces."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.models.speech_encoder import SpeechEncoder
from training.data.labels import label_indices
from training.data.speech_corpora import SpeechClip
from training.errors import DatasetError
from training.features.moving_faces import MovingFaces
from training.features.synthetic_pair_batches import PairBatch

_BATCH = 64


@dataclass(frozen=True)
class EncodedSpeech:
    """Clips of one corpus; `variants` (all clips of the corpus, 180, 384) by name, of which `rows` are meant.

    `statistics` (all clips, 2, L * 384) of the variants are there where recordings normalise the hidden states.
    """

    corpus: str
    clips: list[SpeechClip]
    variants: Mapping[str | int, NDArray[np.float16]]
    rows: NDArray[np.int64]
    statistics: Mapping[str | int, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The label of each row."""
        return [self.clips[row].label for row in self.rows]

    @property
    def speakers(self) -> NDArray[np.str_]:
        """The speaker of each row."""
        return np.array([self.clips[row].speaker for row in self.rows])

    def where(self, chosen: NDArray[np.bool_]) -> "EncodedSpeech":
        """The rows that are chosen (rows,)."""
        return replace(self, rows=self.rows[chosen])

    def states(self, variant: str | int) -> Tensor:
        """A variant's windows (rows, 180, 384) float32."""
        return torch.from_numpy(self.variants[variant][self.rows]).float()

    @torch.no_grad()
    def hidden(self, variant: str | int, encoder: SpeechEncoder, norms: Tensor | None = None) -> Iterator[Tensor]:
        """A variant's windows as `encoder` goes on with them: batches (N, 180, L * 384) on the processor.

        `norms` (rows, 2, L * 384) scale and shift them.
        """
        for start in range(0, len(self.rows), _BATCH):
            batch = slice(start, start + _BATCH)
            states = torch.from_numpy(self.variants[variant][self.rows[batch]]).float()
            hidden = encoder.resume(states.to(encoder.positions.device)).cpu()
            yield normalise(hidden, None if norms is None else norms[batch])


class EncodedBatch(NamedTuple):
    """`states` (N, 180, 384), one-hot `targets` (N, classes) and the number of the `corpora` (N,) they are of.

    `norms` (N, 2, L * 384) scale and shift the hidden states, where recordings normalise them.
    """

    states: Tensor
    targets: Tensor
    corpora: Tensor
    norms: Tensor | None = None


DrawNorm = Callable[[int, str | int, np.random.Generator], NDArray[np.float32]]
"""Draws scale and shift (2, L * 384) for the window of a clip of a corpus, by its row and variant."""


def normalise(hidden: Tensor, norms: Tensor | None) -> Tensor:
    """Hidden states (N, T, F) by `norms` (N, 2, F)."""
    return hidden if norms is None else hidden * norms[:, :1] + norms[:, 1:]


class EncodedBatches:
    """Draws windows of clips that have one of `labels`: a corpus by its share, then a clip, then a variant."""

    def __init__(
        self,
        corpora: Sequence[EncodedSpeech],
        shares: Mapping[str, float],
        variants: Sequence[str | int],
        labels: Sequence[str],
        seed: int,
        draw_norms: Sequence[DrawNorm] = (),
    ) -> None:
        """`draw_norms` are those of the corpora, if any.

        Raises DatasetError where `shares` and `corpora` do not name the same.
        """
        names = [speech.corpus for speech in corpora]
        if {*names} != {*shares}:
            raise DatasetError(
                f"corpora {', '.join(sorted(names))} were given, shares name {', '.join(sorted(shares))}"
            )
        self.corpora = [speech.where(np.isin(speech.labels, labels)) for speech in corpora]
        self.variants, self.labels, self.draw_norms = variants, labels, draw_norms
        self.random = np.random.default_rng(seed)
        self.shares = np.array([shares[name] for name in names]) / sum(shares.values())
        self.targets = [label_indices(speech.labels, labels) for speech in self.corpora]

    @property
    def present(self) -> Tensor:
        """Whether a corpus has a label, (corpora, classes) bool."""
        return torch.tensor([[label in {*speech.labels} for label in self.labels] for speech in self.corpora])

    def draw(self, size: int) -> EncodedBatch:
        """A batch of `size` windows, drawn with replacement."""
        corpora = self.random.choice(len(self.corpora), size, p=self.shares)
        states, norms, targets = [], [], np.zeros((size, len(self.labels)), np.float32)
        for number, corpus in enumerate(corpora):
            speech = self.corpora[corpus]
            place = self.random.integers(len(speech.rows))
            variant = self.variants[int(self.random.integers(len(self.variants)))]
            row = int(speech.rows[place])
            states.append(speech.variants[variant][row])
            norms += [self.draw_norms[corpus](row, variant, self.random)] if self.draw_norms else []
            targets[number, self.targets[corpus][place]] = 1
        return EncodedBatch(
            torch.from_numpy(np.stack(states)).float(),
            torch.from_numpy(targets),
            torch.from_numpy(corpora),
            torch.from_numpy(np.stack(norms)) if norms else None,
        )


class EncodedPairBatches:
    """Draws encoded speech, each window with a face that moves between images of its label, and faces alone."""

    def __init__(self, speech: EncodedBatches, faces: MovingFaces, encoder: SpeechEncoder) -> None:
        self.speech, self.faces, self.encoder = speech, faces, encoder

    @property
    def generators(self) -> tuple[np.random.Generator, np.random.Generator]:
        """The sources of random numbers that the batches are drawn with."""
        return self.speech.random, self.faces.random

    def draw(self, size: int) -> PairBatch:
        """A batch of `size` pairs and as many faces without speech."""
        batch = self.speech.draw(size)
        with torch.no_grad():
            hidden = self.encoder.resume(batch.states.to(self.encoder.positions.device)).cpu()
        hidden = normalise(hidden, batch.norms)
        spoken = [self.speech.labels[target] for target in batch.targets.argmax(1).tolist()]
        alone, alone_targets = self.faces.draw_alone(size)
        return PairBatch(hidden, self.faces.draw(spoken), batch.targets, alone, alone_targets)
