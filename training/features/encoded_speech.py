"""Training batches of encoded speech: windows of several corpora, drawn by the share of each, alone or with faces."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.model_spec import RecordingNorm
from inference.models.audio_branches import window_statistics
from inference.models.speech_encoder import SpeechEncoder
from training.data.labels import label_indices
from training.data.speech_corpora import SpeechClip
from training.errors import DatasetError
from training.features.moving_faces import MovingFaces
from training.features.recording_norm import batch_norms, normalise
from training.features.synthetic_pair_batches import PairBatch

_BATCH = 64


@dataclass(frozen=True)
class EncodedSpeech:
    """Clips of one corpus; `variants` (all clips of the corpus, 180, 384) by name, of which `rows` are meant."""

    corpus: str
    clips: list[SpeechClip]
    variants: Mapping[str | int, NDArray[np.float16]]
    rows: NDArray[np.int64]

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
        return EncodedSpeech(self.corpus, self.clips, self.variants, self.rows[chosen])

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
    """`states` (N, 180, 384), one-hot `targets` (N, classes), numbers of `corpora` (N,) and of `recordings` (N,)."""

    states: Tensor
    targets: Tensor
    corpora: Tensor
    recordings: Tensor


class _Drawn(NamedTuple):
    corpus: int
    place: int
    variant: str | int
    recording: int


class EncodedBatches:
    """Draws windows of clips that have one of `labels`: a corpus by its share, then a clip, then a variant.

    Each window is a recording of its own; or, up to the `longest`, of a third of the recordings one window, of a third
    some and of the others as many as that, all of a speaker and of the same variant.
    """

    def __init__(
        self,
        corpora: Sequence[EncodedSpeech],
        shares: Mapping[str, float],
        variants: Sequence[str | int],
        labels: Sequence[str],
        seed: int,
        longest: int = 1,
    ) -> None:
        """Raises DatasetError where `shares` and `corpora` do not name the same."""
        names = [speech.corpus for speech in corpora]
        if {*names} != {*shares}:
            raise DatasetError(
                f"corpora {', '.join(sorted(names))} were given, shares name {', '.join(sorted(shares))}"
            )
        self.corpora = [speech.where(np.isin(speech.labels, labels)) for speech in corpora]
        self.variants, self.labels, self.longest = variants, labels, longest
        self.random = np.random.default_rng(seed)
        self.shares = np.array([shares[name] for name in names]) / sum(shares.values())
        self.targets = [label_indices(speech.labels, labels) for speech in self.corpora]
        self.speakers = [speech.speakers for speech in self.corpora]

    @property
    def present(self) -> Tensor:
        """Whether a corpus has a label, (corpora, classes) bool."""
        return torch.tensor([[label in {*speech.labels} for label in self.labels] for speech in self.corpora])

    def draw(self, size: int) -> EncodedBatch:
        """A batch of `size` windows, drawn with replacement."""
        drawn = self._draw_windows(size) if self.longest == 1 else self._draw_recordings(size)
        states, targets = [], np.zeros((size, len(self.labels)), np.float32)
        for number, (corpus, place, variant, _) in enumerate(drawn):
            speech = self.corpora[corpus]
            states.append(speech.variants[variant][speech.rows[place]])
            targets[number, self.targets[corpus][place]] = 1
        corpora, _, _, recordings = zip(*drawn, strict=True)
        return EncodedBatch(
            torch.from_numpy(np.stack(states)).float(),
            torch.from_numpy(targets),
            torch.tensor(corpora),
            torch.tensor(recordings),
        )

    def _draw_windows(self, size: int) -> list[_Drawn]:
        corpora = self.random.choice(len(self.corpora), size, p=self.shares).tolist()
        return [_Drawn(corpus, *self._draw_clip(corpus), number) for number, corpus in enumerate(corpora)]

    def _draw_recordings(self, size: int) -> list[_Drawn]:
        drawn: list[_Drawn] = []
        while len(drawn) < size:
            corpus = int(self.random.choice(len(self.corpora), p=self.shares))
            place, variant = self._draw_clip(corpus)
            length = (1, int(self.random.integers(self.longest)) + 1, self.longest)[self.random.integers(3)]
            alike = np.flatnonzero(self.speakers[corpus] == self.speakers[corpus][place])
            others = alike[alike != place]
            more = min(length - 1, len(others), size - len(drawn) - 1)
            places = [place, *self.random.choice(others, more, replace=False).tolist()]
            number = drawn[-1].recording + 1 if drawn else 0
            drawn += [_Drawn(corpus, each, variant, number) for each in places]
        return drawn

    def _draw_clip(self, corpus: int) -> tuple[int, str | int]:
        """The place of a clip and a variant."""
        place = int(self.random.integers(len(self.corpora[corpus].rows)))
        return place, self.variants[int(self.random.integers(len(self.variants)))]


class EncodedPairBatches:
    """Draws encoded speech, each window with a face that moves between images of its label, and faces alone.

    The hidden states are normalised by `norm`, if there is one.
    """

    def __init__(
        self,
        speech: EncodedBatches,
        faces: MovingFaces,
        encoder: SpeechEncoder,
        norm: RecordingNorm | None = None,
    ) -> None:
        self.speech, self.faces, self.encoder, self.norm = speech, faces, encoder, norm

    @property
    def generators(self) -> tuple[np.random.Generator, np.random.Generator]:
        """The sources of random numbers that the batches are drawn with."""
        return self.speech.random, self.faces.random

    def draw(self, size: int) -> PairBatch:
        """A batch of `size` pairs and as many faces without speech."""
        batch = self.speech.draw(size)
        with torch.no_grad():
            hidden = self.encoder.resume(batch.states.to(self.encoder.positions.device)).cpu()
        if self.norm is not None:
            hidden = normalise(hidden, batch_norms(window_statistics(hidden), batch.recordings, self.norm))
        spoken = [self.speech.labels[target] for target in batch.targets.argmax(1).tolist()]
        alone, alone_targets = self.faces.draw_alone(size)
        return PairBatch(hidden, self.faces.draw(spoken), batch.targets, alone, alone_targets)
