"""The audio-visual network, on synthetic pairs or on recordings."""

from typing import Annotated, Literal

import msgspec

from training.schema.sections import (
    Backbone,
    Contempt,
    EncoderBranchConfig,
    FusionName,
    ModelConfig,
    OptimConfig,
    Share,
    SpeechConfig,
    StrictFace,
    StrictSpeechEncoder,
    StrictWindow,
)


class PairsConfig(OptimConfig, frozen=True, kw_only=True):
    """The network behind a fixed backbone, on pairs of a face and a speech clip with the same label."""

    name: str
    version: str
    title: str
    labels: list[str]
    seed: int
    fusion: FusionName
    heads: Literal[1, 4]
    backbone: Backbone
    flip_tta: bool
    """Average the features of a face and its mirror image."""
    train_actors: list[int]
    calibration_actors: Annotated[list[int], msgspec.Meta(min_length=2)]
    """Actors of the modality weight and the temperatures, cross-fitted on two halves."""
    test_actors: list[int]
    refit: bool
    """Train the published weights again, on the actors of all three lists, after the scores are known."""
    window: StrictWindow
    face: StrictFace
    holdout_every: int
    """Each nth face is unknown to the backbone; the same as in the backbone's configuration."""
    augmentations: int
    """Augmented views of each held-out face."""
    augmentations_seen: int
    """Augmented views of each face that the backbone was trained on."""
    selection: str
    """Sentence of the model card: how weights and settings were chosen."""

    def __post_init__(self) -> None:
        """Refuse actors that would both train and score the network."""
        overlap = sorted({*self.train_actors} & {*self.calibration_actors, *self.test_actors})
        if overlap:
            raise ValueError(f"actors {overlap} are among those it is fitted on, and cannot score or calibrate it")

    @property
    def actors(self) -> set[int]:
        """Every actor that is named."""
        return {*self.train_actors, *self.calibration_actors, *self.test_actors}

    @property
    def fitted_actors(self) -> list[int]:
        """Actors whose speech the published weights are trained on."""
        return sorted(self.actors if self.refit else {*self.train_actors})


class SyntheticPairs(PairsConfig, frozen=True, kw_only=True, tag_field="task", tag="audio-video"):
    """Pairs of one face, labelled by FER-2013, and one speech clip of RAVDESS as MFCC."""

    label_weight: Share
    """Share of the label in the target of a face without speech; the backbone's own classifier gives the rest."""
    speech: SpeechConfig


class EncodedPairs(PairsConfig, frozen=True, kw_only=True, tag_field="task", tag="encoded-pairs"):
    """Pairs of a face that moves between images, labelled by FER+, and a speech clip of any corpus, encoded."""

    contempt: Contempt
    """As in the backbone's configuration."""
    encoder: StrictSpeechEncoder
    branch: EncoderBranchConfig
    """Training of the audio branch alone, which comes first, and classifies windows without a face."""
    face_classifier: OptimConfig
    """Training of what classifies windows without a voice."""


class AudioVisualRecordings(ModelConfig, frozen=True, kw_only=True, tag_field="task", tag="recordings"):
    """The network end to end on recordings, by the published recipe: SGD, steps in the learning rate, best epoch."""

    source: Literal["ravdess", "eav", "corrected"]
    """Layout of the recordings on disk."""
    split: str
    """A file of training/splits."""
    fold: int
    """Counted from 0."""
    fusion: FusionName
    heads: Literal[1, 4]
    window: StrictWindow
    face: StrictFace
    modality_dropout: Literal["softhard", "noise", "none"]
    flip: float
    """Probability that a clip is mirrored."""
    degrees: float
    """Largest rotation of a clip."""
    epochs: int
    batch_size: int
    lr: float
    """Learning rate, divided by ten at each of `milestones`."""
    momentum: float
    dampening: float
    weight_decay: float
    milestones: list[int]
    """Epochs."""
    patience: int | None = None
    """Stop after this many epochs without a better validation accuracy; null runs all epochs."""
    init_from: str | None = None
    """NAME or NAME@VERSION of the store, whose weights the network starts from."""
