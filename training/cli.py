"""The commands of `python -m training`: train, score and compare networks, simulate a corpus, write the report.

Each command imports what it runs, for torch and MNE take seconds.
"""

import argparse
import functools
import json
import logging
import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from inference.errors import InputError
from inference.store import StoreError
from training.errors import DatasetError
from training.schema import configuration
from training.schema.audio_visual import AudioVisualRecordings, EncodedPairs, SyntheticPairs
from training.schema.backbone import FaceBackbone
from training.schema.comparison import Comparison
from training.schema.configuration import Configuration
from training.schema.eeg import RecordedEEG, SimulatedEEG, WithinSubjectEEG
from training.schema.fusion import RecordedFusion, SimulatedFusion, SyntheticTrials
from training.schema.speech import SpeechCorpora, SpeechFolds
from training.schema.zoo import ZooSystem

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
    ZooSystem: (
        *("layout", "data", "protocol", "setting", "target", "having"),
        *("size", "option", "epochs", "seed", "publish"),
    ),
}

DEGRADATIONS = ("telephone", "reverb", "babble", "trimmed")
JOINED = ("speaker", "speaker-and-label")


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
    _add_zoo(fit)
    fit.set_defaults(run=_fit)

    compare = commands.add_parser(
        "compare", help="fit several systems of the zoo under one protocol, and tabulate them"
    )
    compare.add_argument("config", type=Path, help="a file of training/configs/compare")
    compare.add_argument("--data", nargs="+", required=True, metavar="KEY=DIR", help="a folder for each corpus")
    compare.add_argument("--out", type=Path, required=True, help="folder that receives the results")
    compare.add_argument("--size", choices=("paper", "small"), help="instead of the configuration's")
    compare.add_argument("--document", type=Path, help="Markdown file that receives the table between its marked lines")
    compare.set_defaults(run=_compare)

    evaluate = commands.add_parser("evaluate", help="score an audio-visual model of the store")
    evaluate.add_argument("name", help="NAME or NAME@VERSION")
    evaluate.add_argument("--actors", type=int, nargs="+", help="only these RAVDESS actors")
    evaluate.add_argument("--votes", type=Path, help="FER+ votes for the same part of FER-2013 (npz)")
    evaluate.add_argument("--degrade", choices=DEGRADATIONS, help="score speech that is degraded so")
    evaluate.add_argument(
        "--joined", choices=JOINED, help="read all clips of a speaker, or of a speaker and label, as one recording"
    )
    evaluate.add_argument("--recordings", type=Path, help="folder of corrected recordings, or with labels.csv")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    _add_data(evaluate)
    evaluate.set_defaults(run=_evaluate)

    simulate = commands.add_parser("simulate", help="write a simulated corpus in the layout of a data set")
    simulate.add_argument("--layout", default="eav", help="eav, deap, deap-original, seed, mahnob-hci, ...")
    simulate.add_argument(
        "--subjects", type=_count, required=True, help="subjects 1 to this one; of eMotions, videos a class"
    )
    simulate.add_argument("--faces", type=Path, help="for eav: FER-2013 npz, or its csv, of which PublicTest")
    simulate.add_argument("--speech", type=Path, help="for eav: RAVDESS speech folder (Actor_NN/*)")
    simulate.add_argument("--out", type=Path, required=True, help="folder that receives the data; EAV's subjects stay")
    simulate.add_argument(
        "--trials-per-class", type=int, choices=range(1, 21), metavar="1..20", help="for eav; 20 where it is left out"
    )
    simulate.add_argument("--seed", type=_count, default=1)
    simulate.set_defaults(run=_simulate)

    report = commands.add_parser("report", help="write docs/results.md from the metrics of the store")
    report.add_argument("--folds", type=Path, nargs="+", default=[], help="folders of fits by folds or within subjects")
    report.set_defaults(run=_report)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--faces", type=Path, help="FER-2013 npz: the part to train on, or to score")
    parser.add_argument("--speech", type=Path, help="RAVDESS speech folder (Actor_NN/*)")


def _add_zoo(parser: argparse.ArgumentParser) -> None:
    """Options of the systems of the zoo; their names are those of `training.data`."""
    parser.add_argument("--layout", help="layout of --data: eav, eav-listening, ...")
    parser.add_argument("--data", type=Path, help="folder of the corpus")
    parser.add_argument("--protocol", help="which trials train and which test: subject-k-fold, ...")
    parser.add_argument("--setting", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="of --protocol")
    parser.add_argument("--target", help="labels, dimensions, valence-2, ...; by default what the corpus has")
    parser.add_argument(
        "--having", nargs="+", default=[], metavar="SIGNAL", help="leave out trials without images, ..."
    )
    parser.add_argument("--size", choices=("paper", "small"), help="by default the paper's")
    parser.add_argument("--option", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="of the system")
    parser.add_argument("--epochs", type=_count, help="at most, of the configuration's")
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    parser.add_argument("--publish", metavar="NAME[@VERSION]", help="put the first fold's network into the model store")


def _pairs(texts: list[str], flag: str) -> dict[str, Any]:
    """Values in YAML's spelling by name, of NAME=VALUE."""
    pairs = {name: value for name, separator, value in (text.partition("=") for text in texts) if name and separator}
    if len(pairs) < len(texts):
        raise DatasetError(f"{flag}: needs NAME=VALUE, each name once, has {' '.join(texts)}")
    return {name: yaml.safe_load(value) for name, value in pairs.items()}


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number


def _fit(options: argparse.Namespace) -> None:
    config = configuration.read(options.config)
    if isinstance(config, Comparison):
        raise DatasetError(f"{options.config}: is for `python -m training compare`")
    sources = {name for names in _SOURCES.values() for name in names}
    for name in sorted(sources):
        if getattr(options, name) and name not in _SOURCES.get(type(config), ()):
            raise DatasetError(f"--{name} has no use for this configuration")
    if isinstance(config, ZooSystem):
        _fit_zoo(config, options)
    else:
        _run_task(config, options)


def _required(options: argparse.Namespace, name: str) -> Any:
    value = getattr(options, name)
    if value is None:
        raise DatasetError(f"--{name} is needed")
    return value


def _fit_zoo(config: ZooSystem, options: argparse.Namespace) -> None:
    from training.tasks import zoo

    experiment = zoo.Experiment(
        layout=_required(options, "layout"),
        data=_required(options, "data"),
        protocol=_required(options, "protocol"),
        size=options.size or "paper",
        settings=_pairs(options.setting, "--setting"),
        target=options.target,
        having=tuple(options.having),
        options=_pairs(options.option, "--option"),
        epochs=options.epochs,
    )
    if options.seed is not None:
        config = msgspec.structs.replace(config, seed=options.seed)
    zoo.fit(config, experiment, options.out, options.publish)


def _compare(options: argparse.Namespace) -> None:
    from training.tasks import compare

    config = configuration.read(options.config)
    if not isinstance(config, Comparison):
        raise DatasetError(f"{options.config}: is no comparison")
    if options.size:
        config = msgspec.structs.replace(config, size=options.size)
    data = {key: Path(folder) for key, folder in _pairs(options.data, "--data").items()}
    compare.compare(config, data, options.out, options.document)


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
    for name, whole in (("actors", "speech"), ("degrade", "speech"), ("joined", "speech"), ("votes", "faces")):
        if getattr(options, name) and not getattr(options, whole):
            raise DatasetError(f"--{name} is about --{whole}: give --{whole} too")
    scores: dict[str, Any] = {}
    if options.faces or options.speech:
        data = read_data(
            options.faces,
            options.speech,
            options.actors,
            votes=options.votes,
            degradation=options.degrade,
            joined=options.joined,
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
    from training.simulate import corpus, layouts

    if options.layout == "eav":
        faces, speech = _required(options, "faces"), _required(options, "speech")
        corpus.write(options.out, faces, speech, options.subjects, options.trials_per_class or 20, options.seed)
        return
    if options.layout not in layouts.names():
        raise DatasetError(f"{options.layout}: no such layout, have eav, {', '.join(layouts.names())}")
    for name in ("faces", "speech", "trials_per_class"):
        if getattr(options, name) is not None:
            raise DatasetError(f"--{name.replace('_', '-')} has no use for the layout {options.layout}")
    layouts.write(options.layout, options.out, options.subjects, options.seed)
