"""The audio branch alone."""

from training.schema.sections import Section, SpeechConfig


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
