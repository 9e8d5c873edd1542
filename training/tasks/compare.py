"""Fits several systems of the zoo under one protocol each corpus, and writes a table and plots of them."""

import json
import logging
import multiprocessing
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import convert
from msgspec.structs import replace
from numpy.typing import NDArray

from inference.errors import InputError
from training.data.targets import Targets
from training.errors import DatasetError
from training.evaluation.classification import fleiss_kappa, trial_means, window_and_trial_scores
from training.evaluation.metrics import by_subject
from training.publishing import comparison
from training.publishing.comparison import Row, Score, Table
from training.schema import configuration
from training.schema.comparison import ComparedCorpus, ComparedSystem, Comparison
from training.schema.zoo import Published, ZooSystem
from training.tasks import zoo
from training.tasks.zoo import METRICS, PREDICTIONS, Experiment

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One fit of the comparison, and the folder of its result."""

    row: str
    config: Path
    seed: int
    experiment: Experiment
    out: Path

    @property
    def finished(self) -> bool:
        """Whether the folder holds the result of this very fit."""
        path = self.out / METRICS
        return path.is_file() and json.loads(path.read_text())["key"] == self.experiment.key(self._seeded)

    @property
    def _seeded(self) -> ZooSystem:
        config = configuration.read(self.config)
        assert isinstance(config, ZooSystem)
        return replace(config, seed=self.seed)

    def run(self) -> bool:
        """Fit in a process of its own, so that its memory is its own; returns whether it came to its end."""
        process = multiprocessing.get_context("fork").Process(target=self._fit)
        process.start()
        process.join()
        return process.exitcode == 0

    def _fit(self) -> None:
        try:
            zoo.fit(self._seeded, self.experiment, self.out)
        except (DatasetError, InputError) as error:
            sys.exit(f"error: {self.row}: {error}")


def compare(config: Comparison, data: Mapping[str, Path], out: Path, document: Path | None = None) -> None:
    """Fit what is not finished, then write `out`/comparison.md with its plots.

    `document` receives the tables, too, between its marked lines, and the plots in images/comparison-NAME beside it. A
    comparison that was stopped resumes with the system at which it was. Raises DatasetError where data is missing, and
    at the end for systems that could not be fitted; the others are in the table.
    """
    tables, failed = [], []
    planned = {corpus.title: _jobs(config, corpus, data, out) for corpus in config.corpora}
    number, count = 0, sum(map(len, planned.values()))
    for corpus in config.corpora:
        for job in planned[corpus.title]:
            number += 1
            log.info(
                f"{number} of {count}: {job.row}, seed {job.seed}: {'finished before' if job.finished else 'fitting'}"
            )
            started = time.monotonic()
            if not job.finished:
                if job.run():
                    log.info(f"{number} of {count}: {job.row}, {_told(job.out)}, {time.monotonic() - started:.0f} s")
                else:
                    failed.append(job.row)
        done = [job for job in planned[corpus.title] if job.finished]
        if done:
            tables.append(_table(corpus, done))
    comparison.plot(tables, out / "images")
    (out / "comparison.md").write_text(comparison.markdown(tables, "images"), encoding="utf-8")
    if document is not None:
        images = f"images/comparison-{config.name}"
        comparison.plot(tables, document.parent / images)
        comparison.insert(document, config.name, comparison.markdown(tables, images))
    if failed:
        raise DatasetError(f"not fitted, see above: {', '.join(failed)}")


def _jobs(config: Comparison, corpus: ComparedCorpus, data: Mapping[str, Path], out: Path) -> list[Job]:
    if corpus.data not in data:
        raise DatasetError(f"{corpus.title}: needs --data {corpus.data}=DIR")
    jobs = []
    for each in corpus.systems:
        row = each if isinstance(each, ComparedSystem) else ComparedSystem(system=each, name=each, options={})
        experiment = Experiment(
            layout=corpus.layout,
            data=data[corpus.data],
            protocol=corpus.protocol,
            size=config.size,
            settings=corpus.settings,
            target=corpus.target,
            having=corpus.having,
            options=row.options,
            epochs=config.epochs,
        )
        path = configuration.FOLDER / "zoo" / f"{row.system}.yaml"
        folder = out / corpus.data / row.name.replace(" ", "-")
        jobs += [Job(row.name, path, seed, experiment, folder / f"seed-{seed}") for seed in config.seeds]
    names = [job.out for job in jobs]
    if len(set(names)) < len(names):
        raise DatasetError(f"{corpus.title}: two rows have one name")
    if unknown := {name for rows in corpus.means.values() for name in rows} - {job.row for job in jobs}:
        raise DatasetError(f"{corpus.title}: means of {', '.join(sorted(unknown))}, which have no row")
    return jobs


@dataclass(frozen=True)
class _Result:
    """A finished fit."""

    metrics: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    @classmethod
    def read(cls, folder: Path) -> "_Result":
        with np.load(folder / PREDICTIONS, allow_pickle=False) as arrays:
            return cls(json.loads((folder / METRICS).read_text()), dict(arrays))

    def scores(self) -> dict[str, dict[str, Any]]:
        """The scores of trials by dimension, of labels by "", each with its accuracy of windows."""
        found = self.metrics["scores"]["vote" if self.metrics["vote"] == "majority" else "mean"]
        windows = self.metrics["scores"]["window"]
        if self.metrics["target"]["kind"] == "labels":
            return {"": found | {"window": windows["accuracy"]}}
        return {name: score | {"window": windows[name]["accuracy"]} for name, score in found.items()}

    def trials(self) -> tuple[NDArray[np.int64], NDArray[np.floating[Any]]]:
        """The tested trials and their mean probabilities."""
        return np.unique(self.arrays["trial_of"]), trial_means(self.arrays["probabilities"], self.arrays["trial_of"])


def _table(corpus: ComparedCorpus, jobs: Sequence[Job]) -> Table:
    results: dict[str, list[_Result]] = {}
    for job in jobs:
        results.setdefault(job.row, []).append(_Result.read(job.out))
    rows = [_row(name, each) for name, each in results.items()]
    rows += [
        _mean(name, [results[row][0] for row in of]) for name, of in corpus.means.items() if set(of) <= set(results)
    ]
    return Table(corpus.title, _facts([each[0] for each in results.values()]), rows)


def _row(name: str, results: Sequence[_Result]) -> Row:
    metrics = results[0].metrics
    by_seed = [result.scores() for result in results]
    return Row(
        name,
        {dimension: _score([scores[dimension] for scores in by_seed]) for dimension in by_seed[0]},
        convert(metrics["published"], list[Published]),
        metrics["parameters"],
        metrics["window_ms"],
        metrics["peak_memory_mb"],
        sum(result.metrics["provenance"]["seconds"] for result in results),
    )


def _score(seeds: Sequence[dict[str, Any]]) -> Score:
    """The mean over seeds; the interval is over the subjects' means."""
    means = {name: np.mean([seed["subjects"][name] for seed in seeds]) for name in seeds[0]["subjects"]}
    low, high = by_subject(np.array(list(means.values())), np.arange(len(means)))["interval_95"]

    def mean(name: str) -> float | None:
        values = [seed[name] for seed in seeds]
        return None if None in values else float(np.mean(values))

    return Score(
        accuracy=mean("accuracy") or 0.0,
        interval=(low, high),
        macro_f1=mean("macro_f1") or 0.0,
        kappa=mean("kappa"),
        auc=mean("auc"),
        window=mean("window"),
        seed_sd=float(np.std([seed["accuracy"] for seed in seeds], ddof=1)) if len(seeds) > 1 else None,
    )


def _mean(name: str, results: Sequence[_Result]) -> Row:
    """The mean of the trials' probabilities of several systems."""
    trials = [result.trials() for result in results]
    if any(not np.array_equal(trials[0][0], other) for other, _ in trials[1:]):
        raise DatasetError(f"{name}: the systems were tested on different trials")
    first = results[0]
    tested, place = np.unique(first.arrays["trial_of"], return_index=True)
    target = first.metrics["target"]
    targets = Targets(target["kind"], tuple(target["names"]), first.arrays["targets"][place])
    probabilities = np.mean([probabilities for _, probabilities in trials], axis=0)
    found = window_and_trial_scores(probabilities, targets, np.arange(len(tested)), first.arrays["subjects"][place])[
        "mean"
    ]
    scores = {"": found} if targets.kind == "labels" else found
    return Row(name, {key: _score([score | {"window": None}]) for key, score in scores.items()})


def _facts(results: Sequence[_Result]) -> list[str]:
    metrics = results[0].metrics
    split, scores = metrics["split"], list(results[0].scores().items())
    settings = ", ".join(f"{name} {value}" for name, value in split["settings"].items())
    made = f", **not recorded but made of {metrics['made_of']}**" if metrics["made_of"] else ""
    left_out, having = metrics["left_out"]["trials"], " or ".join(metrics["left_out"]["having"])
    lacking = f" {left_out} trials lack {having} and are left out." if left_out else ""
    facts = [
        f"Data: {metrics['data']}{made}; {metrics['trials']} tested trials of {metrics['subjects']} subjects.{lacking}",
        f"Split `{split['protocol']}`{f' ({settings})' if settings else ''}, by {split['unit']}, {metrics['folds']} "
        f"folds: {split['about']} {metrics['selection'].capitalize()}.",
        f"Training: size `{metrics['size']}`, {_span([result.metrics['epochs'] for result in results])} epochs "
        f"on {metrics['provenance']['hardware']}, in {metrics['provenance']['threads']} thread(s).",
        "Always the commonest label: "
        + ", ".join(f"{name} {score['commonest']:.1%}".strip() for name, score in scores)
        + f". Interval: {metrics['interval']}.",
    ]
    if split["leak"]:
        facts.append(f"**Leaky split**: {split['leak']}.")
    if metrics["target"]["kind"] == "labels" and len(results) > 1:
        labels = [result.trials()[1].argmax(axis=1) for result in results]
        if len({len(each) for each in labels}) == 1:
            agreement = fleiss_kappa(np.stack(labels), len(metrics["target"]["names"]))
            facts.append(f"Agreement of the systems' labels of trials, Fleiss' kappa: {agreement}.")
    return facts


def _span(numbers: Sequence[int]) -> str:
    return str(min(numbers)) if len(set(numbers)) == 1 else f"{min(numbers)} to {max(numbers)}"


def _told(out: Path) -> str:
    scores = _Result.read(out).scores()
    return ", ".join(f"{name} accuracy {score['accuracy']:.1%}".strip() for name, score in scores.items())
