"""The network that joins audio-visual and EEG logits."""

from inference.model_spec import FusionArchitecture
from training.schema.sections import ModelConfig, Section, Share


class SyntheticTrials(Section, frozen=True, kw_only=True, tag_field="task", tag="composed-trials"):
    """Audio-visual logits of synthetic 20 s trials."""

    audio_video: str
    """NAME or NAME@VERSION of the store."""
    seed: int
    folds: list[list[int]]
    """Actors of each fold."""
    trials_per_label: int

    def __post_init__(self) -> None:
        """Refuse an actor of two folds."""
        actors = [actor for fold in self.folds for actor in fold]
        if len({*actors}) < len(actors):
            raise ValueError("an actor stands in two folds, or twice in one")


class Members(Section, frozen=True, kw_only=True):
    """Models of the store whose logits are joined."""

    audio_video: str
    eeg: str


class Trees(Section, frozen=True, kw_only=True):
    """Parameters of XGBoost."""

    rounds: int
    max_depth: int
    eta: float
    subsample: float


class FusionConfig(ModelConfig, frozen=True, kw_only=True):
    """Training of the fusion network with AdamW."""

    members: Members
    architecture: FusionArchitecture
    epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    label_weight: Share
    """Share of the labels in the targets; the probabilities of WAVER are the rest."""
    trees: Trees


class SimulatedFusion(FusionConfig, frozen=True, kw_only=True, tag_field="task", tag="fusion"):
    """Simulated EEG paired at random with synthetic trials of the same label."""

    audio_video_logits: str
    """File that the configuration of the synthetic trials writes."""
    eeg_config: str
    """Configuration of the EEG member, a file of training/configs."""
    subjects: tuple[int, int]
    """First and last simulated subject."""
    trials_per_emotion: int
    selection: str
    """Sentence of the model card: how weights and settings were chosen."""
    test_pairings: int
    """Random pairings of each trial that are scored."""
    tree_pairings: int
    """Random pairings of each trial that XGBoost is trained on."""


class RecordedFusion(FusionConfig, frozen=True, kw_only=True, tag_field="task", tag="fusion-recordings"):
    """EEG and audio-visual logits of EAV, by two members of the same fold."""

    split: str
    """A file of training/splits."""
    fold: int
    """Counted from 0."""
