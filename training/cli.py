"""The commands of `python -m training`: train and score the networks, simulate a corpus, write the report.

Each command imports what it runs, for torch and MNE take seconds.
"""

import argparse
import functools
import json
import logging
import sys
from pathlib import Path
from typing import Any

from inference.errors import InputError
from inference.store import StoreError
from training.errors import DatasetError
from training.schema import configuration
from training.schema.audio_visual import AudioVisualRecordings, EncodedPairs, SyntheticPairs
from training.schema.backbone import FaceBackbone
from training.schema.configuration import Configuration
from training.schema.eeg import RecordedEEG, SimulatedEEG, WithinSubjectEEG
from training.schema.fusion import RecordedFusion, SimulatedFusion, SyntheticTrials
from training.schema.speech import SpeechCorpora, SpeechFolds

_SOURCES: dict[type[Configuration], tuple[str, ...]] = {
    FaceBackbone: ("faces", "votes", "teachers"),
    SyntheticPairs: ("faces", "speech", "backbone"),
    EncodedPairs: ("faces", "votes", "speech", "corpora", "backbone"),
    AudioVisualRecordings: ("recordings", "backbone"),
    RecordedEEG: ("recordings",),
    WithinSubjectEEG: ("recordings",),
    SpeechFolds: ("speech",),
    SpeechCorpora: ("speech", "corpora"),
    SyntheticTrials: ("faces", "votes", "speech"),
    RecordedFusion: ("recordings",),
}

DEGRADATIONS = ("telephone", "reverb", "babble", "trimmed")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        options.run(options)
    except (DatasetError, InputError, StoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True)

    fit = commands.add_parser("fit", help="train the network that a configuration describes")
    fit.add_argument("config", type=Path, help="a file of training/configs")
    fit.add_argument("--out", type=Path, required=True, help="folder that receives the result")
    fit.add_argument("--votes", type=Path, help="folder of FER+ votes for FER-2013's parts")
    fit.add_argument("--recordings", type=Path, help="folder of RAVDESS video, of EAV, or of corrected recordings")
    fit.add_argument("--teachers", type=Path, nargs="+", default=[], help="folders of trained backbones to distil")
    fit.add_argument("--corpora", type=Path, nargs="+", default=[], help="folders of speech with a manifest.csv")
    fit.add_argument("--backbone", type=Path, help="trained image backbone (backbone.safetensors)")
    _add_data(fit)
    fit.set_defaults(run=_fit)

    evaluate = commands.add_parser("evaluate", help="score an audio-visual model of the store")
    evaluate.add_argument("name", help="NAME or NAME@VERSION")
    evaluate.add_argument("--actors", type=int, nargs="+", help="only these RAVDESS actors")
    evaluate.add_argument("--votes", type=Path, help="FER+ votes for the same part of FER-2013 (npz)")
    evaluate.add_argument("--degrade", choices=DEGRADATIONS, help="score speech that is degraded so")
    evaluate.add_argument("--recordings", type=Path, help="folder of corrected recordings, or with labels.csv")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    _add_data(evaluate)
    evaluate.set_defaults(run=_evaluate)

    simulate = commands.add_parser("simulate", help="write a simulated corpus in EAV's layout")
    simulate.add_argument("--subjects", type=_count, required=True, help="subjects 1 to this one; existing ones stay")
    simulate.add_argument("--faces", type=Path, required=True, help="FER-2013 npz, or its csv, of which PublicTest")
    simulate.add_argument("--speech", type=Path, required=True, help="RAVDESS speech folder (Actor_NN/*)")
    simulate.add_argument("--out", type=Path, required=True, help="folder that receives subjectN/")
    simulate.add_argument("--trials-per-class", type=int, choices=range(1, 21), default=20, metavar="1..20")
    simulate.add_argument("--seed", type=_count, default=1)
    simulate.set_defaults(run=_simulate)

    report = commands.add_parser("report", help="write docs/results.md from the metrics of the store")
    report.add_argument("--folds", type=Path, nargs="+", default=[], help="folders of fits by folds or within subjects")
    report.set_defaults(run=_report)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--faces", type=Path, help="FER-2013 npz: the part to train on, or to score")
    parser.add_argument("--speech", type=Path, help="RAVDESS speech folder (Actor_NN/*)")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number


def _fit(options: argparse.Namespace) -> None:
    config = configuration.read(options.config)
    for name in ("faces", "votes", "speech", "backbone", "recordings", "teachers", "corpora"):
        if getattr(options, name) and name not in _SOURCES.get(type(config), ()):
            raise DatasetError(f"--{name} has no use for this configuration")
    _run_task(config, options)


def _required(options: argparse.Namespace, name: str) -> Path:
    path: Path | None = getattr(options, name)
    if path is None:
        raise DatasetError(f"--{name} is needed for this configuration")
    return path


def _run_task(config: Configuration, options: argparse.Namespace) -> None:
    from training.tasks import (
        audio_visual,
        backbone,
        eeg,
        encoded_pairs,
        fusion,
        recordings,
        speech,
        speech_corpora,
        synthetic_trials,
    )

    required = functools.partial(_required, options)
    match config:
        case FaceBackbone():
            backbone.fit(config, required("faces"), options.votes, options.teachers, options.out)
        case SyntheticPairs():
            sources = audio_visual.Sources(required("faces"), required("speech"), required("backbone"))
            audio_visual.fit(config, sources, options.out)
        case EncodedPairs():
            given = {name: required(name) for name in ("faces", "votes", "speech", "backbone")}
            encoded_pairs.fit(config, encoded_pairs.Sources(**given, corpora=tuple(options.corpora)), options.out)
        case AudioVisualRecordings():
            recordings.fit(config, required("recordings"), options.backbone, options.out)
        case SpeechFolds():
            speech.fit_folds(config, required("speech"), options.out)
        case SpeechCorpora():
            speech_corpora.fit(config, [required("speech"), *options.corpora], options.out)
        case SyntheticTrials():
            synthetic_trials.fit(config, required("faces"), options.votes, required("speech"), options.out)
        case SimulatedEEG():
            eeg.fit_simulated(config, options.out)
        case RecordedEEG():
            eeg.fit_recorded(config, required("recordings"), options.out)
        case WithinSubjectEEG():
            eeg.fit_within_subject(config, required("recordings"), options.out)
        case SimulatedFusion():
            fusion.fit_simulated(config, options.out)
        case RecordedFusion():
            fusion.fit_recorded(config, required("recordings"), options.out)


def _evaluate(options: argparse.Namespace) -> None:
    from inference import store
    from training.evaluation import labelled_recordings, recordings
    from training.evaluation.evaluate import evaluate, read_data

    if not (options.faces or options.speech or options.recordings):
        raise DatasetError("nothing to score: give --faces, --speech or --recordings")
    for name, whole in (("actors", "speech"), ("degrade", "speech"), ("votes", "faces")):
        if getattr(options, name) and not getattr(options, whole):
            raise DatasetError(f"--{name} is about --{whole}: give --{whole} too")
    scores: dict[str, Any] = {}
    if options.faces or options.speech:
        data = read_data(
            options.faces, options.speech, options.actors, votes=options.votes, degradation=options.degrade
        )
        scores = evaluate(store.get(options.name), data)
    if options.recordings:
        labelled = (options.recordings / labelled_recordings.LABELS).is_file()
        source = labelled_recordings if labelled else recordings
        scores["recordings"] = source.evaluate(options.name, options.recordings)
        if options.json and labelled and len(scores) == 1:
            scores = scores["recordings"]
    if options.json:
        print(json.dumps(scores))
    else:
        for part, score in scores.items():
            print(f"{part:10} accuracy {score['accuracy']:.3f}  n {score['n']}")


def _report(options: argparse.Namespace) -> None:
    from training.publishing import report

    print(report.write(options.folds))


def _simulate(options: argparse.Namespace) -> None:
    from training.simulate import corpus

    corpus.write(options.out, options.faces, options.speech, options.subjects, options.trials_per_class, options.seed)
