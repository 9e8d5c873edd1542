"""The audio branch alone."""

from training.schema.sections import EncoderBranchConfig, Section, SpeechConfig, StrictSpeechEncoder


class SpeechFolds(Section, frozen=True, kw_only=True, tag_field="task", tag="speech-folds"):
    """The audio branch, trained once for each fold of a split by subject."""

    seed: int
    labels: list[str]
    seconds: float
    """Length of a window, s."""
    split: str
    """A file of training/splits."""
    speech: SpeechConfig
    selection: str
    """Sentence of the report: how weights and settings were chosen."""


class SpeechCorpora(Section, frozen=True, kw_only=True, tag_field="task", tag="speech-corpora"):
    """The audio branch that reads the speech encoder, scored on speakers and on corpora that it was not trained on."""

    seed: int
    labels: list[str]
    encoder: StrictSpeechEncoder
    split: str
    """A file of training/splits with RAVDESS's actors: one fit for each fold."""
    left_out: list[str]
    """Corpora that are left out altogether, each by a fit of its own on all others."""
    branch: EncoderBranchConfig
    selection: str
    """Sentence of the report: how weights and settings were chosen."""
