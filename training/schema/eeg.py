"""EEGNet on simulated EEG or on EAV."""

from itertools import pairwise

from inference.model_spec import EegNetArchitecture
from training.schema.sections import ModelConfig, Section, StrictEegSignal


class Variation(Section, frozen=True, kw_only=True):
    """Differences between simulated subjects and trials, see `training.simulate.eeg.Variation`."""

    effect: float
    own: float
    flip: float
    baseline: float
    trial: float


class Simulation(Section, frozen=True, kw_only=True):
    """Simulated EEG."""

    seed: int
    variation: Variation


class SubjectRanges(Section, frozen=True, kw_only=True):
    """First and last subject of each part."""

    train: tuple[int, int]
    validation: tuple[int, int]
    test: tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse parts that overlap or are empty."""
        parts = sorted((self.train, self.validation, self.test))
        if any(last < first for first, last in parts) or any(a[1] >= b[0] for a, b in pairwise(parts)):
            raise ValueError("the parts share people, or end before they begin")


class TrialsPerEmotion(Section, frozen=True, kw_only=True):
    """Trials of each emotion and subject."""

    train: int
    validation: int
    test: int


class EEGNetConfig(ModelConfig, frozen=True, kw_only=True):
    """Training of EEGNet with Adam."""

    epochs: int
    batch_size: int
    lr: float
    architecture: EegNetArchitecture
    eeg: StrictEegSignal


class SimulatedEEG(EEGNetConfig, frozen=True, kw_only=True, tag_field="task", tag="eeg"):
    """EEGNet on simulated subjects, tested on other subjects."""

    simulation: Simulation
    split: SubjectRanges
    trials_per_emotion: TrialsPerEmotion


class RecordedEEG(EEGNetConfig, frozen=True, kw_only=True, tag_field="task", tag="eeg-recordings"):
    """EEGNet on the spoken trials of EAV, tested on other subjects."""

    split: str
    """A file of training/splits."""
    fold: int
    """Counted from 0."""


class WithinSubjectEEG(EEGNetConfig, frozen=True, kw_only=True, tag_field="task", tag="eeg-within-subject"):
    """EEGNet once for each subject of EAV, tested on other trials of the same subject."""

    split: str
    """A file of training/splits, by trial."""
