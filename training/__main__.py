"""`python -m training fit CONFIG ... | evaluate NAME ... | simulate ...`: fit and score the networks; make a corpus."""

import argparse
import json
import logging
import sys
from pathlib import Path

from inference.errors import InputError
from inference.store import StoreError
from training.errors import DatasetError


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        return options.run(options)
    except (DatasetError, InputError, StoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True)

    fit = commands.add_parser("fit", help="fit the network that a configuration describes")
    fit.add_argument("config", type=Path, help="a file of training/configs")
    fit.add_argument("--out", type=Path, required=True, help="folder that receives the result")
    fit.add_argument("--recordings", type=Path, help="folder of RAVDESS video, of EAV, or of corrected ones")
    fit.add_argument("--teachers", type=Path, nargs="+", default=[], help="folders of fitted backbones to learn from")
    fit.add_argument("--backbone", type=Path, help="fitted image backbone (backbone.safetensors)")
    _add_data(fit)
    fit.set_defaults(run=_fit)

    evaluate = commands.add_parser("evaluate", help="score an audio-video model of the store")
    evaluate.add_argument("name", help="NAME or NAME@VERSION")
    evaluate.add_argument("--actors", type=int, nargs="+", help="only these RAVDESS actors")
    evaluate.add_argument("--recordings", type=Path, help="folder of recordings that a person corrected")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    _add_data(evaluate)
    evaluate.set_defaults(run=_evaluate)

    simulate = commands.add_parser("simulate", help="write a corpus in EAV's layout of people who never lived")
    simulate.add_argument("--subjects", type=_count, required=True, help="people 1 to this one; made ones stay")
    simulate.add_argument("--faces", type=Path, required=True, help="FER-2013 npz, or its csv, of which PublicTest")
    simulate.add_argument("--speech", type=Path, required=True, help="RAVDESS speech folder (Actor_NN/*)")
    simulate.add_argument("--out", type=Path, required=True, help="folder that receives subjectN/")
    simulate.add_argument("--trials-per-class", type=int, choices=range(1, 21), default=20, metavar="1..20")
    simulate.add_argument("--seed", type=_count, default=1)
    simulate.set_defaults(run=_simulate)

    report = commands.add_parser("report", help="write docs/results.md from the metrics of the store")
    report.add_argument("--folds", type=Path, nargs="+", default=[], help="folders of fits by folds or within people")
    report.set_defaults(run=_report)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--faces", type=Path, help="FER-2013 npz: the part to fit on, or to score")
    parser.add_argument("--speech", type=Path, help="RAVDESS speech folder (Actor_NN/*)")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number


def _fit(options: argparse.Namespace) -> int:
    from training import cli
    from training.schema import configuration

    cli.fit(configuration.read(options.config), options)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from training.evaluation import recordings
    from training.evaluation.evaluate import evaluate

    if not (options.faces or options.speech or options.recordings):
        raise DatasetError("nothing to score: give --faces, --speech or --recordings")
    if options.actors and not options.speech:
        raise DatasetError("--actors are of RAVDESS: give --speech too")
    scores = evaluate(options.name, faces=options.faces, speech=options.speech, actors=options.actors)
    if options.recordings:
        scores["recordings"] = recordings.evaluate(options.name, options.recordings)
    if options.json:
        print(json.dumps(scores))
    else:
        for part, score in scores.items():
            print(f"{part:10} accuracy {score['accuracy']:.3f}  n {score['n']}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from training.publishing import report

    print(report.write(options.folds))
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from training.simulate import corpus

    corpus.write(options.out, options.faces, options.speech, options.subjects, options.trials_per_class, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
