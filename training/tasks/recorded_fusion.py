"""Fit the CNN that joins audio-video and EEG logits on the spoken trials of EAV.

The members were fitted on the `train` people of a fold, and the audio-video one chose its epoch on the `validation`
people. So the fusion is fitted on the `test` people: each is read by a fusion of all the others, which gives the
scores, and what goes into the store is fitted on all of them.
"""

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec import convert
from numpy.typing import NDArray
from scipy.special import softmax

from inference import store
from inference.model_spec import EegSpec, FusionArchitecture
from inference.models import build_model
from inference.models.eegnet import EEGNet
from inference.models.fusion import AUDIO_VIDEO_ROWS
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import eav, splits
from training.errors import DatasetError
from training.evaluation.calibration import temperature
from training.evaluation.metrics import BOOTSTRAPS, by_subject, calibration
from training.features.recordings import Reading, prepare, read_clips
from training.publishing import publish
from training.publishing.provenance import provenance
from training.schema.configuration import RecordedFusion
from training.tasks import eeg as fit_eeg
from training.tasks.fusion import rules, train
from training.tasks.recorded_eeg import LICENCE, NOTICE, recorded_trials
from training.tasks.recordings import Windows, window_logits

log = logging.getLogger(__name__)


def fit(config: RecordedFusion, root: Path, out: Path) -> None:
    """Fit, score and write `out`/NAME/VERSION.

    Raises DatasetError for members with other labels or of another fold, and what reading EAV raises.
    """
    started = time.monotonic()
    people = splits.people(config.split, config.fold).test
    members = {kind: _member(name, config) for kind, name in config.members.model_dump().items()}
    matrices, labels, subjects = _trials(members, root, people)
    architecture = {"kind": "fusion", "labels": config.labels, "architecture": config.architecture}

    def fitted(rows: NDArray[np.bool_]) -> torch.nn.Module:
        torch.manual_seed(config.seed)
        return train(
            build_model(convert(config.architecture, FusionArchitecture), len(config.labels)),
            lambda _: matrices[rows],
            labels[rows],
            config,
        )

    read: dict[str, NDArray[np.float32]] = {}
    for person in people:
        others = subjects != person
        log.info("person %d by a fusion of %d other people", person, len(people) - 1)
        for name, rule in rules(fitted(others), matrices[others], labels[others], config).items():
            with torch.inference_mode():
                logits = rule(torch.from_numpy(matrices[~others])).numpy()
            read.setdefault(name, np.zeros((len(labels), len(config.labels)), np.float32))[~others] = logits
    network = fitted(np.ones(len(labels), dtype=bool))
    divisor = round(temperature(read["cnn"], labels), 3)
    stand_in = eav.simulated(root)
    spec = architecture | {
        "name": config.name,
        "version": config.version,
        "title": config.title,
        "members": config.members.model_dump(),
        "temperature": divisor,
        "demonstration": fit_eeg.DEMONSTRATION if stand_in else None,
        "notice": NOTICE,
        "licence": LICENCE,
    }
    metrics = {
        "data": "EAV, spoken trials" + (" (simulated stand-in)" if stand_in else ""),
        "split": f"{_fold(config)}, test people, each read by a fusion fitted on the others",
        "selection": "last epoch; nobody that the fusion read was fitted on, by it or by a member, nor chose an epoch",
        "interval": f"95 %, {BOOTSTRAPS} bootstrap draws of people",
        "trials": len(labels),
        "scores": {
            name: by_subject(logits.argmax(1) == labels, subjects, config.seed) for name, logits in read.items()
        },
        "calibration": {
            "temperature": divisor,
            "ece_before": calibration(softmax(read["cnn"], axis=1), labels)["ece"],
            "ece_after": calibration(softmax(read["cnn"] / divisor, axis=1), labels)["ece"],
        },
        "provenance": provenance(config.seed, round(time.monotonic() - started, 1)),
    }
    publish.write(out / config.name / config.version, network, spec, metrics, _card(config, metrics))


def _fold(config: RecordedFusion) -> str:
    return f"{config.split}, fold {config.fold}, by person"


def _member(name: str, config: RecordedFusion) -> store.StoredModel:
    spec = store.get(name)
    if list(spec.labels) != config.labels:
        raise DatasetError(f"{name} has other labels than this configuration")
    if spec.metrics["split"] != _fold(config):
        raise DatasetError(
            f"{name} was fitted on {spec.metrics['split']}, so the people of {_fold(config)} may be its own"
        )
    return spec


def _trials(
    members: dict[str, store.StoredModel], root: Path, people: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Every spoken trial of these people: logits (N, 10, classes), labels (N,) and people (N,)."""
    reader = AudioVisualPredictor.load(members["audio_video"])
    clips = read_clips("eav", root, people, reader.window_s)
    windows = Windows(prepare(clips, Reading(reader.face, reader.speech, reader.window_s)), reader)
    seen = window_logits(reader.network, windows).reshape(len(clips), AUDIO_VIDEO_ROWS, -1)
    eegnet = store.load_model(members["eeg"])
    eeg_spec = members["eeg"].spec
    assert isinstance(eegnet, EEGNet) and isinstance(eeg_spec, EegSpec)
    trials = recorded_trials(root, people, eeg_spec.eeg, eeg_spec.labels)
    assert [reader.labels.index(clip.label) for clip in clips] == trials.labels.tolist()
    matrices = np.concatenate([seen, fit_eeg.logits(eegnet, trials)], axis=1)
    return matrices, trials.labels, trials.subjects


def _card(config: RecordedFusion, metrics: dict[str, Any]) -> str:
    scaling = metrics["calibration"]
    return f"""# {config.name}, version {config.version}

{config.title}: {", ".join(config.labels)}.

A convolutional network over the 10 x 5 logits of a 20 s trial: six overlapping windows read by
{config.members.audio_video} and four read by {config.members.eeg}.
Fitted on {metrics["data"]}, {metrics["trials"]} trials; {config.epochs} epochs. Split: {metrics["split"]}.
Weights: {metrics["selection"]}. One fit, one seed.

| Rule | Accuracy | 95 % interval over people | SD over people |
| --- | --- | --- | --- |
{fit_eeg.score_rows(metrics["scores"])}

Average: the mean of both networks' probabilities, nothing fitted. WAVER: the same, weighted by each network's accuracy
on the fitting people. XGBoost: trees over both networks' probabilities.

Confidence is scaled by a temperature of {scaling["temperature"]:g}, fitted on the same readings. Its calibration
error there (ECE, 15 bins) is {scaling["ece_after"]:.3f}, {scaling["ece_before"]:.3f} without scaling.

{NOTICE} Do not use it to decide anything about a person.

{LICENCE}
"""
