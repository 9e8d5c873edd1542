"""Sections that several configurations share."""

from typing import Annotated, Literal

import msgspec

from inference.model_spec import EegSignalInput, FaceInput, SpeechEncoderInput, WindowInput

Backbone = Literal["efficient-face", "residual"]
"""Image backbones of `inference.models`."""

FusionName = Literal["intermediate-attention", "intermediate-transformer", "late-transformer"]
"""Fusions of `inference.models`."""

Contempt = Literal["contempt-as-disgust", "contempt-dropped"]
"""Where FER+'s votes for contempt go, which is none of FER-2013's labels."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping of a configuration. An unknown or missing key is an error."""


class StrictWindow(WindowInput, frozen=True, forbid_unknown_fields=True):
    """`window` of a specification; an unknown key is an error."""


class StrictFace(FaceInput, frozen=True, forbid_unknown_fields=True):
    """`face` of a specification; an unknown key is an error."""


class StrictSpeechEncoder(SpeechEncoderInput, frozen=True, forbid_unknown_fields=True):
    """`encoder` of a specification; an unknown key is an error."""


class StrictEegSignal(EegSignalInput, frozen=True, forbid_unknown_fields=True):
    """`eeg` of a specification; an unknown key is an error."""


class ModelConfig(Section, frozen=True, kw_only=True):
    """Identity of a model of the store."""

    name: str
    version: str
    title: str
    """Shown in the application."""
    labels: list[str]
    """Class names in the order of the logits."""
    seed: int


class OptimConfig(Section, frozen=True, kw_only=True):
    """AdamW on a one-cycle schedule, with a moving average of the weights."""

    batch_size: int
    steps: int
    """Gradient steps."""
    lr: float
    """Peak learning rate."""
    warmup: float
    """Share of the steps in which the learning rate rises."""
    weight_decay: float
    ema: float
    """Decay of the exponential moving average of the weights."""
    label_smoothing: float


class AudioFeatureConfig(Section, frozen=True, kw_only=True):
    """Input of an audio branch."""

    mfcc: int
    """Coefficients; the paper uses 10."""
    cepstral_mean_norm: bool
    """Subtract each coefficient's mean over the voiced frames."""


class SpeechConfig(OptimConfig, frozen=True, kw_only=True):
    """Training of the audio branch alone."""

    mfcc: int
    """Coefficients; the paper uses 10."""
    cepstral_mean_norm: bool
    """Subtract each coefficient's mean over the voiced frames."""
    teachers: list[AudioFeatureConfig]
    """Branches that are trained first and distilled."""
    label_weight: float
    """Share of the labels in the targets; the teachers' mean probabilities are the rest."""

    @property
    def features(self) -> AudioFeatureConfig:
        """Input of the branch itself."""
        return AudioFeatureConfig(mfcc=self.mfcc, cepstral_mean_norm=self.cepstral_mean_norm)

    @property
    def max_mfcc(self) -> int:
        """Coefficients to compute for the branch and its teachers."""
        return max(features.mfcc for features in (self.features, *self.teachers))


class RecordingNormConfig(Section, frozen=True, kw_only=True):
    """Normalisation of the hidden states by the recording, which one or more clips of a speaker make."""

    prior_windows: Annotated[float, msgspec.Meta(gt=0)]
    """Number of windows of a recording at which its own statistics count half, beside those of all corpora."""
    longest: Annotated[int, msgspec.Meta(ge=2)]
    """The largest number of clips in a recording."""


class EncoderBranchConfig(OptimConfig, frozen=True, kw_only=True):
    """Training of the audio branch that reads the pretrained speech encoder."""

    layers: Annotated[list[int], msgspec.Meta(min_length=1)]
    """Blocks of the encoder whose hidden states are read, from 1. Those up to the first keep their weights."""
    encoder_lr: Annotated[float, msgspec.Meta(ge=0)]
    """Peak learning rate of the encoder's other blocks; 0 keeps their weights, too."""
    attention_window: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Frames before and behind a frame to which it attends in the encoder; null for all that is encoded at once."""
    feature_dropout: Share
    """Dropout in front of the classifier."""
    variants: Annotated[int, msgspec.Meta(ge=0)]
    """Random variants of each clip, drawn as often as the clean one."""
    bfloat16: bool
    """Mixed precision, for processors and devices that compute in bfloat16."""
    shares: Annotated[dict[str, float], msgspec.Meta(min_length=1)]
    """Share of the drawn clips by corpus: `ravdess`, or the name of the folder with a manifest."""
    recording_norm: RecordingNormConfig | None = None
    """Read how a window differs from its recording; null reads it as it is."""
