"""What a configuration under `training/configs/` may say. A key that is not named here is an error."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from training.errors import DatasetError


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Warp(Section):
    """Bounds of random changes to a face; `scale` and `shift` are fractions of its side."""

    degrees: float
    scale: float
    shift: float


class Phase(Section):
    """One size of faces: `rate` is the highest of a one-cycle schedule that ends at rate / 25 / `decay`."""

    size: int
    epochs: int
    batch: int
    rate: float
    warmup: float
    decay: float
    warp: Warp


Backbone = Literal["efficient-face", "residual"]


class FaceBackbone(Section):
    """SGD where there is a `momentum`, else AdamW.

    `known` is the share of the labels in what is learned, the rest is what the teachers say: below 1 it needs some.
    `bfloat16` is for processors and GPUs that compute with it.
    """

    task: Literal["face-backbone"]
    backbone: Backbone
    seed: int
    reserve_every: int
    known: float = Field(gt=0, le=1)
    label_smoothing: float
    momentum: float | None
    weight_decay: float
    ema: float
    bfloat16: bool
    phases: list[Phase]


class Window(Section):
    seconds: float
    hop_s: float


class FaceInput(Section):
    samples: int
    size: int
    grey: bool
    native_size: int
    crop_scale: float
    frame_side: int


class Labelled(Section):
    """What every model of the store is called and tells apart."""

    name: str
    version: str
    title: str
    labels: list[str]
    seed: int


class Learning(Section):
    """A fit of `steps` batches; `rate` is the highest of a one-cycle schedule."""

    batch: int
    steps: int
    rate: float
    warmup: float
    weight_decay: float
    ema: float
    label_smoothing: float


class Hearing(Section):
    """What an audio branch is given: how many `mfcc`, and whether `less_speaker`."""

    mfcc: int
    less_speaker: bool


class SpeechRecipe(Hearing, Learning):
    """How the audio branch is fitted alone.

    Where there are teachers, `known` is the share of the labels in its targets; the teachers say the rest.
    """

    teachers: list[Hearing]
    known: float


class AudioVideo(Labelled, Learning):
    """`selection` says in the model card how the weights and the settings were chosen.

    `known` is the share of the labels in what the network learns of faces that come alone; the rest is what the
    backbone's own classifier says. With `refit`, the weights kept are fitted once more, on the actors of all three
    lists, when the scores, the balance and the temperatures have been found without the test actors.
    """

    task: Literal["audio-video"]
    fusion: Literal["intermediate-attention", "intermediate-transformer", "late-transformer"]
    heads: Literal[1, 4]
    backbone: Backbone
    mirror: bool
    train_actors: list[int]
    calibration_actors: list[int] = Field(min_length=2)  # parted in two
    test_actors: list[int]
    refit: bool
    window: Window
    face: FaceInput
    reserve_every: int
    views: int
    seen_views: int
    known: float = Field(ge=0, le=1)
    speech: SpeechRecipe
    selection: str

    @property
    def fitted_actors(self) -> list[int]:
        """The actors whose speech the weights that are kept were fitted on."""
        others = {*self.calibration_actors, *self.test_actors} if self.refit else set()
        return sorted({*self.train_actors} | others)

    @model_validator(mode="after")
    def _scored_on_strangers(self) -> Self:
        known = sorted({*self.train_actors} & {*self.calibration_actors, *self.test_actors})
        if known:
            raise ValueError(f"actors {known} are among those it is fitted on, and cannot score or calibrate it")
        return self


class Recordings(Labelled):
    """The audio-video network on recordings, end to end; `rate` falls to a tenth at each of `milestones`.

    `flip` is the share of clips that are mirrored, `degrees` the most that a clip is turned by.
    """

    task: Literal["recordings"]
    source: Literal["ravdess", "eav", "corrected"]
    split: str
    fold: int
    fusion: Literal["intermediate-attention", "intermediate-transformer", "late-transformer"]
    heads: Literal[1, 4]
    window: Window
    face: FaceInput
    dropout: Literal["softhard", "noise", "none"]
    flip: float
    degrees: float
    epochs: int
    batch: int
    rate: float
    momentum: float
    dampening: float
    weight_decay: float
    milestones: list[int]


class SpeechFolds(Section):
    """The audio branch alone, fitted once for each fold of a split of training/splits.

    `selection` says in the report how the weights and the settings were chosen.
    """

    task: Literal["speech-folds"]
    seed: int
    labels: list[str]
    seconds: float
    split: str
    speech: SpeechRecipe
    selection: str


class ComposedTrials(Section):
    task: Literal["composed-trials"]
    audio_video: str
    seed: int
    folds: list[list[int]]
    trials_per_label: int

    @model_validator(mode="after")
    def _folds_share_nobody(self) -> Self:
        actors = [actor for fold in self.folds for actor in fold]
        if len({*actors}) < len(actors):
            raise ValueError("an actor stands in two folds, or twice in one")
        return self


class Variation(Section):
    effect: float
    own: float
    flip: float
    baseline: float
    trial: float


class Simulation(Section):
    seed: int
    variation: Variation


class Subjects(Section):
    """First and last person of each part."""

    train: tuple[int, int]
    validation: tuple[int, int]
    test: tuple[int, int]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        parts = sorted((self.train, self.validation, self.test))
        if any(last < first for first, last in parts) or any(a[1] >= b[0] for a, b in pairwise(parts)):
            raise ValueError("the parts share people, or end before they begin")
        return self


class TrialsPerEmotion(Section):
    train: int
    validation: int
    test: int


class EEGNetFit(Labelled):
    epochs: int
    batch: int
    rate: float
    architecture: dict[str, Any]
    eeg: dict[str, Any]


class EEG(EEGNetFit):
    task: Literal["eeg"]
    simulation: Simulation
    split: Subjects
    trials_per_emotion: TrialsPerEmotion


class RecordedEEG(EEGNetFit):
    """EEGNet on the spoken trials of EAV, tested on other people."""

    task: Literal["eeg-recordings"]
    split: str
    fold: int


class WithinPeople(EEGNetFit):
    """EEGNet once for each person of EAV, tested on other trials of the same person."""

    task: Literal["eeg-within-people"]
    split: str


class Members(Section):
    audio_video: str
    eeg: str


class Trees(Section):
    """XGBoost's own settings."""

    rounds: int
    max_depth: int
    eta: float
    subsample: float


class FusionFit(Labelled):
    """`known` is the share of the labels in what the fusion learns; the rest is what WAVER says."""

    members: Members
    architecture: dict[str, Any]
    epochs: int
    batch: int
    rate: float
    weight_decay: float
    known: float = Field(ge=0, le=1)
    trees: Trees


class Fusion(FusionFit):
    task: Literal["fusion"]
    audio_video_logits: Path
    eeg_config: str
    people: tuple[int, int]  # first and last
    trials_per_emotion: int
    selection: str
    test_pairings: int
    tree_pairings: int


class RecordedFusion(FusionFit):
    """The fusion of two members that were fitted on the same fold of EAV."""

    task: Literal["fusion-recordings"]
    split: str
    fold: int


Configuration = (
    FaceBackbone
    | AudioVideo
    | Recordings
    | SpeechFolds
    | ComposedTrials
    | EEG
    | RecordedEEG
    | WithinPeople
    | Fusion
    | RecordedFusion
)
_ANY: TypeAdapter[Configuration] = TypeAdapter(Annotated[Configuration, Field(discriminator="task")])


def read(path: Path) -> Configuration:
    """Read a configuration. Raises DatasetError that names the file, the key and what is wrong with it."""
    try:
        return _ANY.validate_python(yaml.safe_load(path.read_text()))
    except (OSError, yaml.YAMLError) as error:
        raise DatasetError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "task"
        raise DatasetError(f"{path}: {where}: {first['msg']}") from error
