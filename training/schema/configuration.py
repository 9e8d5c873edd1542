"""Reads a configuration of training/configs into the struct that its `task` names."""

import re
from pathlib import Path

import msgspec
import yaml

from training.errors import DatasetError
from training.schema import deprecated
from training.schema.audio_visual import AudioVisualRecordings, EncodedPairs, SyntheticPairs
from training.schema.backbone import FaceBackbone
from training.schema.comparison import Comparison
from training.schema.eeg import RecordedEEG, SimulatedEEG, WithinSubjectEEG
from training.schema.fusion import RecordedFusion, SimulatedFusion, SyntheticTrials
from training.schema.speech import SpeechCorpora, SpeechFolds
from training.schema.zoo import ZooSystem

FOLDER = Path(__file__).parents[1] / "configs"
_NEVER_RENAMED = ("zoo", "compare")  # their options have names of their own, such as dropout and rate

Configuration = (
    FaceBackbone
    | SyntheticPairs
    | EncodedPairs
    | AudioVisualRecordings
    | SpeechFolds
    | SpeechCorpora
    | SyntheticTrials
    | SimulatedEEG
    | RecordedEEG
    | WithinSubjectEEG
    | SimulatedFusion
    | RecordedFusion
    | ZooSystem
    | Comparison
)


def read(path: Path) -> Configuration:
    """Read a configuration.

    Raises:
        DatasetError: the file is not a configuration; the message names the file, the key and the fault.
    """
    try:
        data = yaml.safe_load(path.read_text())
        if not (isinstance(data, dict) and data.get("task") in _NEVER_RENAMED):
            data = deprecated.renamed(data)
        config: Configuration = msgspec.convert(data, Configuration)
    except (OSError, yaml.YAMLError) as error:
        raise DatasetError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    except msgspec.ValidationError as error:
        raise DatasetError(f"{path}: {_located(str(error))}") from error
    return config


def _located(message: str) -> str:
    """The message of msgspec, "FAULT - at `$.phases[0]`", as "phases.0: FAULT", with the missing field in the path."""
    fault, _, place = message.partition(" - at ")
    keys = [key for pair in re.findall(r"\.(\w+)|\[(\w+)\]", place) for key in pair if key]
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", fault):
        keys.append(missing[1])
    return f"{'.'.join(keys)}: {fault}" if keys else fault
