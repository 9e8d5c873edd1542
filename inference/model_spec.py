"""The specification beside a model's weights (spec.json): what the model is and what it assumes of its input.

A specification is a tagged union: the field `kind` of the file selects the type. The names of fields in the file are a
contract of schema emotrace.model/1; where a Python name differs, `field(name=...)` holds the file's name.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from inference.timeline.evidence import PUBLISHED_RULE, EvidenceRule
from inference.types import ModelUsed

SCHEMA = "emotrace.model/1"

Labels = Annotated[tuple[str, ...], Meta(min_length=1)]


VoiceDetection = Literal["level", "silero"]


class FaceInput(Struct, frozen=True, omit_defaults=True):
    """How faces are sampled and cropped."""

    samples: int
    """Faces in a window, evenly spaced."""
    size: int
    """Side of the network's input, pixels."""
    grey: bool
    """Whether the crop is grey; otherwise it is BGR."""
    native_size: int
    """Side of the crop before it is scaled to `size`, pixels."""
    crop_scale: float
    """Side of the crop as a multiple of the longer side of the face's box."""
    frame_side: int
    """Longer side to which a frame is shrunk before the face is searched, pixels."""
    aligned: bool = False
    """Whether the crop is aligned by the face's landmarks and drawn faces are left out; then `crop_scale` is unused."""


class SpeechInput(Struct, frozen=True, omit_defaults=True):
    """How MFCC are computed from mono sound."""

    sample_rate: int
    """Hz."""
    n_mfcc: int
    """Coefficients of a frame."""
    frames: int
    """Frames of a window."""
    n_fft: int
    """Length of the Fourier transform, samples."""
    hop_length: int
    """Distance of two frames, samples."""
    n_mels: int
    """Mel bands."""
    level_db: float | None = None
    """Mean level of the training voices, dB of full scale; None where the level is used as it is."""


class SpeechEncoderInput(Struct, frozen=True, omit_defaults=True):
    """How mono sound is encoded by the network's speech encoder, chunk by chunk."""

    sample_rate: int
    """Hz."""
    n_mels: int
    """Mel bands."""
    n_fft: int
    """Length of the Fourier transform, samples."""
    hop_length: int
    """Distance of two frames of the spectrogram, samples; the encoder halves their number."""
    frames: int
    """Frames of the encoder in a window."""
    chunk_s: float
    """Length of the sound that is encoded at once, without its context.

    A hidden state depends on its place in that sound: windows are fitted where chunks of this length put them."""
    context_s: float
    """Length of the sound on either side of a chunk that is encoded with it, and whose frames are dropped."""
    level_db: float | None = None
    """Mean level of the training voices, dB of full scale; None where the level is used as it is."""

    @property
    def frame_samples(self) -> int:
        """Distance of two frames of the encoder, samples."""
        return 2 * self.hop_length


class RecordingNorm(Struct, frozen=True):
    """The statistics to which those of a recording are brought, feature by feature."""

    mean: tuple[float, ...]
    """Mean over the windows of the training speech."""
    deviation: tuple[float, ...]
    """Standard deviation within a window, mean over the windows of the training speech."""
    prior_windows: float
    """Number of a recording's windows with a voice at which its own statistics count half."""


class WindowInput(Struct, frozen=True):
    """The windows into which a recording is cut."""

    seconds: float
    """Length of a window."""
    hop_s: float
    """Distance of two windows, seconds."""


class EegSignalInput(Struct, frozen=True):
    """How EEG is resampled, filtered and cut."""

    channels: tuple[str, ...]
    """Names in the order that the network expects."""
    input_rate: float
    """Sampling rate of the training recordings, Hz."""
    sample_rate: int
    """Sampling rate of the network's input, Hz."""
    band_hz: tuple[float, float]
    """Pass band of the Butterworth filter, Hz."""
    order: int
    """Order of the Butterworth filter."""
    window_s: float
    """Length of a window, seconds."""
    windows: int
    """Windows of a trial."""
    trial_s: float
    """Length of a trial, seconds."""


class AudioVisualArchitecture(Struct, frozen=True, forbid_unknown_fields=True):
    """An audio-visual network of Chumachenko et al. (2022); the defaults are the published ones."""

    fusion: str
    """Name of a network of `inference.models.audio_visual.FUSIONS`."""
    heads: int = 1
    """Heads of the cross-attention, 1 or 4 as published."""
    backbone: str = "efficient-face"
    """Name of an image network of `inference.models.audio_visual.BACKBONES`."""
    flip_tta: bool = field(name="mirror", default=False)
    """Whether features are averaged over a face and its mirror image (test-time augmentation)."""
    mfcc: int = 10
    """Coefficients that the audio branch reads."""
    cepstral_mean_norm: bool = field(name="less_speaker", default=False)
    """Whether each coefficient but the first loses its mean over the voiced frames."""
    audio_branch: Literal["mfcc", "encoder"] = "mfcc"
    """What the audio branch reads: MFCC, or the hidden states of a speech encoder."""
    encoder_layers: tuple[int, ...] = ()
    """Blocks of the speech encoder whose hidden states are read, from 1; the last of them is the last that runs."""
    attention_window: int | None = None
    """Frames before and behind a frame to which it attends in the speech encoder; None for all of a chunk."""
    dropout: float = 0.0
    """Dropout of the pooled features of a speech encoder."""
    unimodal_classifiers: bool = False
    """Whether windows with one modality have classifiers of their own, beside a speech encoder."""

    def __post_init__(self) -> None:
        """Raise ValueError where a speech encoder has no layers, or what belongs to one is there without it."""
        if (self.audio_branch == "encoder") != bool(self.encoder_layers):
            raise ValueError(f"audio_branch {self.audio_branch!r} with encoder_layers {list(self.encoder_layers)}")
        if self.audio_branch == "mfcc" and (self.attention_window is not None or self.unimodal_classifiers):
            raise ValueError("attention_window and unimodal_classifiers need audio_branch 'encoder'")
        if self.attention_window is not None and self.attention_window < 1:
            raise ValueError(f"attention_window {self.attention_window}, expected 1 or more")


class EegNetArchitecture(Struct, frozen=True, forbid_unknown_fields=True):
    """EEGNet (Lawhern et al., 2018)."""

    channels: int
    samples: int
    """Length of a window, samples."""
    f1: int
    """Temporal filters."""
    d: int
    """Spatial filters for each temporal filter."""
    f2: int
    """Pointwise filters."""
    kernel: int
    """Length of a temporal filter, samples."""
    dropout: float


class FusionArchitecture(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fusion of the logits of both networks."""

    method: str
    """`cnn`, `average`, `waver` or `xgboost`."""
    dropout: float = 0.5
    """Dropout of the CNN."""
    weights: tuple[float, float] = (0.5, 0.5)
    """Weights of audio-visual and EEG for `waver`."""
    size: int = 0
    """Length of the boosted trees for `xgboost`, bytes."""


class SystemArchitecture(Struct, frozen=True, forbid_unknown_fields=True):
    """A network of `inference.models.zoo`."""

    system: str
    """Name of the system."""
    options: dict[str, Any] = {}
    """Its options, but for the number of classes."""


class FrontEndInput(Struct, frozen=True, forbid_unknown_fields=True):
    """What makes one input of a system."""

    kind: str
    """Name of `inference.front_ends`."""
    settings: dict[str, Any] = {}


class SmallFace(Struct, frozen=True):
    """How much less a small face is trusted."""

    small_px: float
    """Longer side of a face's box in the searched frame at which it is small altogether, pixels."""
    large_px: float
    """Side from which on it is not small at all, pixels."""
    temperature: float
    """Factor of the temperature for a small face."""

    def grade(self, face_px: float) -> float:
        """Return how small a face is, from 0 at `large_px` to 1 at `small_px`."""
        return min(1.0, max(0.0, (self.large_px - face_px) / (self.large_px - self.small_px)))


class VoiceReference(Struct, frozen=True):
    """The voices that a model was fitted on, and how much less others are trusted."""

    mean: tuple[float, ...]
    """Of `AudioVisualNetwork.voice_features`."""
    deviation: tuple[float, ...]
    """Standard deviation of each feature."""
    limits: tuple[float, float]
    """Distances from the mean, in deviations, at which a voice begins to be novel and is altogether."""
    temperature: float
    """Factor of the temperature for a voice that is altogether novel."""


class SupportInput(Struct, frozen=True, omit_defaults=True):
    """What a prediction needs, and how far it is trusted."""

    evidence: EvidenceRule = PUBLISHED_RULE
    """How much of a face or a voice is enough, and when both together are not."""
    small_face: SmallFace | None = None
    voice: VoiceReference | None = None


Architecture = AudioVisualArchitecture | EegNetArchitecture | FusionArchitecture | SystemArchitecture


class _Spec(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Fields of every specification."""

    schema: Literal["emotrace.model/1"]
    name: str
    version: str
    """Numbers with dots between them."""
    labels: Labels
    """In the order of the logits."""
    notice: str
    """What the model was trained on, for the reader of a result."""
    title: str = ""
    licence: str = ""
    demonstration: str | None = None
    """Why the model is for demonstration only, where it is."""
    weights_sha256: str = ""

    @property
    def kind(self) -> str:
        """`audio-video`, `eeg` or `fusion`."""
        return str(self.__struct_config__.tag)

    @property
    def used(self) -> ModelUsed:
        """The reference to this model in a timeline."""
        return ModelUsed(self.name, self.version, self.weights_sha256, self.labels)


class AudioVisualSpec(_Spec, frozen=True, kw_only=True, tag="audio-video"):
    """Specification of an audio-visual network."""

    architecture: AudioVisualArchitecture
    window: WindowInput
    face: FaceInput
    speech: SpeechInput | None = None
    """For an audio branch that reads MFCC."""
    encoder: SpeechEncoderInput | None = None
    """For an audio branch that reads a speech encoder."""
    recording_norm: RecordingNorm | None = None
    """Normalisation of the encoder's hidden states by the recording; None reads them as they are."""
    voice_detector: VoiceDetection = "level"
    """What finds a voice: a level above a floor, which music also has, or silero-vad."""
    temperature: float
    """Divisor of the logits where face and voice are present."""
    unimodal_temperatures: dict[str, float] = field(name="temperature_alone", default_factory=dict)
    """Divisor of the logits where only `face` or `voice` is present."""
    support: SupportInput = SupportInput()

    def __post_init__(self) -> None:
        """Raise ValueError unless the input of the architecture's audio branch is given, and only that."""
        branch = self.architecture.audio_branch
        if (self.speech is not None, self.encoder is not None) != (branch == "mfcc", branch == "encoder"):
            raise ValueError(f"audio_branch {branch!r} needs `{'speech' if branch == 'mfcc' else 'encoder'}` alone")

    @property
    def step_s(self) -> float:
        """Distance of two samples of the face, seconds."""
        return self.window.seconds / self.face.samples

    @property
    def hop(self) -> int:
        """Distance of two windows, samples."""
        return round(self.window.hop_s / self.step_s)

    @property
    def hop_s(self) -> float:
        """Distance of two windows, seconds: `window.hop_s` as far as samples allow."""
        return self.hop * self.step_s


class SystemSpec(_Spec, frozen=True, kw_only=True, tag="system"):
    """Specification of a system of the zoo that reads pictures and sound; its faces are those of `VideoImages`."""

    architecture: SystemArchitecture
    window: WindowInput
    inputs: dict[str, FrontEndInput]
    """By name of the system's input: `faces` or `frames`, and `audio`."""
    voice_detector: VoiceDetection = "silero"
    temperature: float = 1.0
    """Divisor of the logits."""
    evidence: EvidenceRule = PUBLISHED_RULE

    @property
    def kind(self) -> str:
        """`audio-video`, for which the model is used; the file's is `system`."""
        return "audio-video"


class EegSpec(_Spec, frozen=True, kw_only=True, tag="eeg"):
    """Specification of an EEG network."""

    architecture: EegNetArchitecture
    eeg: EegSignalInput
    temperature: float = 1.0


class FusionSpec(_Spec, frozen=True, kw_only=True, tag="fusion"):
    """Specification of a fusion network."""

    architecture: FusionArchitecture
    temperature: float
    members: dict[str, str] = {}
    """NAME@VERSION of the models whose logits are fused, for `audio_video` and `eeg`."""
    members_sha256: dict[str, str] = {}
    """SHA-256 of the members' weights; absent in specifications of earlier releases."""


ModelSpec = AudioVisualSpec | SystemSpec | EegSpec | FusionSpec


def parse_spec(data: dict[str, Any]) -> ModelSpec:
    """Convert the contents of a spec.json. Raises msgspec.ValidationError."""
    spec: ModelSpec = msgspec.convert(data, ModelSpec)
    return spec
