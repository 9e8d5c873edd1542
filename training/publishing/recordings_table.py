"""The table of the networks that are fitted on recordings, which are on the reader's disk."""

from collections.abc import Callable
from typing import Any

from inference import store
from inference.store import StoredModel
from training.publishing.published import RECORDINGS
from training.schema import configuration
from training.schema.audio_visual import AudioVisualRecordings
from training.schema.eeg import RecordedEEG
from training.schema.fusion import RecordedFusion

_HEAD = """## On recordings

A row for each configuration of `training/configs` that is fitted on recordings of RAVDESS or EAV, filled from the
store: `python -m training fit training/configs/NAME.yaml --recordings FOLDER --out models_store`, then
`python -m training report`. Accuracy of both modalities, voice alone and face alone, or of trials by EEG, on people
that the network was not fitted on.

| Configuration | Both | Voice | Face | EEG | Published |
| --- | --- | --- | --- | --- | --- |
"""
_COLUMNS = ("Both", "Voice", "Face", "EEG")
_PARTS: dict[type, dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    AudioVisualRecordings: {
        "Both": lambda scores: scores["AV"],
        "Voice": lambda scores: scores["A"],
        "Face": lambda scores: scores["V"],
    },
    RecordedEEG: {"EEG": lambda scores: scores["test"]["trial"]},
    RecordedFusion: {"Both": lambda scores: scores["cnn"], "EEG": lambda scores: scores["eeg alone"]},
}


def recordings_table() -> str:
    """The table, Markdown; rows of networks that are not in the store say so."""
    models = {(model.name, model.version): model for model in store.list_models()}
    rows = []
    for path in sorted(configuration.FOLDER.glob("*.yaml")):
        config = configuration.read(path)
        if isinstance(config, AudioVisualRecordings | RecordedEEG | RecordedFusion):
            cells = _cells(type(config), models.get((config.name, config.version)))
            rows.append(f"| {config.name} | {' | '.join(cells)} | {RECORDINGS.get(config.name, '')} |")
    return _HEAD + "\n".join(rows) + "\n"


def _cells(kind: type, model: StoredModel | None) -> list[str]:
    if model is None:
        return ["not fitted here: no data", "", "", ""]
    parts, scores = _PARTS[kind], model.metrics["scores"]
    cells = [f"{parts[name](scores)['accuracy']:.1%}" if name in parts else "" for name in _COLUMNS]
    return [f"{cell}, {model.demonstration}" if cell and model.demonstration else cell for cell in cells]
