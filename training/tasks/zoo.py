"""Fits a system of the zoo on a corpus under a protocol, and scores it by window and by trial."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from msgspec import structs, to_builtins
from numpy.typing import NDArray
from safetensors.torch import load_model, save_model

from inference.front_ends import FrontEndError
from inference.models import zoo
from inference.models.zoo.system import Inputs, System, parameter_count
from training.data import layouts, protocols
from training.data.corpus import Corpus
from training.data.protocols import Fold
from training.data.targets import Targets, targets
from training.engine import checkpoint, devices
from training.engine.systems import LabelledWindows, Standardisation, fit_system, predict
from training.errors import DatasetError
from training.evaluation.calibration import temperature
from training.evaluation.classification import window_and_trial_scores
from training.evaluation.metrics import INTERVAL
from training.features.system_windows import SystemWindows, system_windows
from training.publishing import systems
from training.publishing.provenance import provenance
from training.schema.zoo import Size, SizeName, ZooSystem

log = logging.getLogger(__name__)
METRICS = "metrics.json"
PREDICTIONS = "predictions.npz"
_TIMED_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What a system is fitted on and how it is tested; the fields are those of the command line."""

    layout: str
    data: Path
    protocol: str
    size: SizeName = "paper"
    settings: Mapping[str, int] = field(default_factory=dict)
    """Of the protocol."""
    target: str | None = None
    having: tuple[str, ...] = ()
    """Signals without which a trial is left out: DEAP filmed 22 of its 32 subjects."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the system, over those of its size."""
    epochs: int | None = None
    """At most, of the configured ones."""

    def key(self, config: ZooSystem) -> str:
        """Tells this fit from any other, but for changes in the data."""
        described = {name: value for name, value in vars(self).items() if name != "data"}
        return checkpoint.key(to_builtins(config), described, str(self.data.resolve()))


def fit(config: ZooSystem, experiment: Experiment, out: Path, publish: str | None = None) -> None:
    """Fit once for each fold of the protocol; writes `out`/metrics.json and `out`/predictions.npz.

    `predictions.npz` holds the logits and probabilities (N, classes) of every window that was tested, with its trial,
    start, target and subject. A run that was stopped resumes after its last whole epoch. With `publish`, NAME or
    NAME@VERSION, the network of the first fold is put into the model store, with the scores of its own tested trials.
    Raises DatasetError where the data, the protocol or the target does not suit the system, and for a system that
    cannot be published.
    """
    with devices.launch() as fabric:
        size = sized(config, experiment)
        whole = layouts.read(experiment.layout, experiment.data)
        corpus = whole.having(experiment.having)
        if left_out := len(whole.trials) - len(corpus.trials):
            log.warning("%d of %d trials lack %s", left_out, len(whole.trials), " or ".join(experiment.having))
        target = targets(corpus, experiment.target or ("labels" if corpus.labels else "dimensions"))
        system = build(config, size, target)
        if publish:
            systems.check_publishable(system, config, target.names)
            systems.check_new(publish)
        windows = _windows(fabric, config, size, corpus, system)
        folds = protocols.folds(experiment.protocol, corpus, windows.trial_of, **experiment.settings)
        directory = checkpoint.RUNS / f"{config.system}-{experiment.size}-{experiment.key(config)}"
        tested = np.concatenate([fold.test for fold in folds])
        fitted = []
        for number, fold in enumerate(folds, 1):
            log.info("%s: %s, %d of %d", config.title, fold.name, number, len(folds))
            weights = directory / "published.safetensors" if publish and number == 1 else None
            fold_directory = directory / f"fold-{number}"
            fitted.append(_fit_fold(fabric, config, size, target, windows, fold, fold_directory, weights))
        if fabric.is_global_zero:
            found = np.concatenate([each["logits"] for each in fitted])
            probabilities = system.probabilities(torch.from_numpy(found)).numpy()
            trial_of = windows.trial_of[tested]
            subjects = np.array([trial.subject for trial in corpus.trials])
            metrics = {
                "key": experiment.key(config),
                "title": config.title,
                "size": experiment.size,
                "data": corpus.name,
                "made_of": corpus.made_of,
                "trials": len(np.unique(trial_of)),
                "left_out": {"trials": left_out, "having": experiment.having},
                "windows": len(tested),
                "subjects": len(np.unique(subjects[trial_of])),
                "split": protocols.get(experiment.protocol).metrics | {"settings": experiment.settings},
                "folds": len(folds),
                "epochs": size.epochs,
                "selection": "last epoch; nothing was chosen by the tested trials",
                "target": {"kind": target.kind, "names": target.names},
                "interval": INTERVAL,
                "vote": config.vote,
                "scores": window_and_trial_scores(probabilities, target, trial_of, subjects),
                "published": to_builtins(config.published),
                "parameters": parameter_count(system),
                "window_ms": {
                    device: round(float(np.mean([each[device] for each in fitted])), 3)
                    for device in ("cpu", "cuda")
                    if all(device in each for each in fitted)
                },
                "peak_memory_mb": _peak_memory_mb(),
                "curves": checkpoint.curves(directory),
                "provenance": provenance(config.seed, checkpoint.seconds(directory), fabric.world_size),
            }
            out.mkdir(parents=True, exist_ok=True)
            np.savez(
                out / PREDICTIONS,
                logits=found,
                probabilities=probabilities,
                trial_of=trial_of,
                starts_s=windows.starts_s[tested],
                targets=target.values[trial_of],
                subjects=subjects[trial_of],
            )
            (out / METRICS).write_text(json.dumps(metrics, indent=2) + "\n")
            if publish:
                load_model(system, directory / "published.safetensors")
                told = replace(corpus, labels=target.names)
                _publish(system, config, size, told, target, windows, folds[0], metrics, publish)
            checkpoint.remove(directory)
        fabric.barrier()


def sized(config: ZooSystem, experiment: Experiment) -> Size:
    """The size of a configuration, with the experiment's options and epochs. Raises DatasetError where it has none."""
    if experiment.size not in config.sizes:
        raise DatasetError(f"{config.system}: has no size {experiment.size}, but {', '.join(config.sizes)}")
    size = config.sizes[experiment.size]
    epochs = size.epochs if experiment.epochs is None else min(size.epochs, experiment.epochs)
    return structs.replace(size, options={**size.options, **experiment.options}, epochs=epochs)


def build(config: ZooSystem, size: Size, target: Targets) -> System:
    """The system with the seed's weights. Raises DatasetError where it does not learn the target."""
    torch.manual_seed(config.seed)
    try:
        known = {"labels": target.names} if "labels" in zoo.options_type(config.system).__struct_fields__ else {}
        system = zoo.build(config.system, **known, **size.options, classes=len(target.names))
    except zoo.ZooError as error:
        raise DatasetError(str(error)) from error
    if system.target != target.kind:
        raise DatasetError(f"{config.system}: learns {system.target}, but the target is {', '.join(target.names)}")
    return system


def _windows(fabric: Fabric, config: ZooSystem, size: Size, corpus: Corpus, system: System) -> SystemWindows:
    """The windows; the first process computes them, and the others find them in runs/."""

    def read() -> SystemWindows:
        try:
            return system_windows(corpus, size.inputs, system.inputs, config.window_s, config.hop_s)
        except FrontEndError as error:
            raise DatasetError(f"{config.system}: {error}") from error

    if fabric.is_global_zero:
        read()
    fabric.barrier()
    return read()


def _fit_fold(
    fabric: Fabric,
    config: ZooSystem,
    size: Size,
    target: Targets,
    windows: SystemWindows,
    fold: Fold,
    directory: Path,
    weights: Path | None = None,
) -> dict[str, NDArray[Any]]:
    """The `logits` of the tested windows of a fold and the time a window takes, `cpu` and `cuda`, ms.

    They come from `directory` where the fold was finished before. The network is saved as `weights`, where given.
    """
    done = directory / "fold.npz"
    if not done.exists() or (weights and not weights.exists()):
        system = build(config, size, target)
        standardise = Standardisation.of(windows.inputs, config.standardise, fold.train)
        labelled = LabelledWindows(windows.inputs, target.values[windows.trial_of], standardise)
        fit_system(fabric, system, labelled, fold.train, size, config.seed, directory)
        if fabric.is_global_zero:
            logits = predict(system, labelled, fold.test, size.batch_size)
            partial = directory / "partial.npz"
            directory.mkdir(parents=True, exist_ok=True)
            if weights:
                save_model(system, str(weights))
            np.savez(partial, allow_pickle=False, logits=logits, **_window_ms(system, labelled[fold.test[:1]][0]))
            partial.replace(done)
        fabric.barrier()
    with np.load(done, allow_pickle=False) as arrays:
        return dict(arrays)


def _publish(
    system: System,
    config: ZooSystem,
    size: Size,
    corpus: Corpus,
    target: Targets,
    windows: SystemWindows,
    fold: Fold,
    metrics: Mapping[str, Any],
    reference: str,
) -> None:
    """Put the network of a fold into the store, with the temperature of its validation trials where it has some."""
    labelled = LabelledWindows(windows.inputs, target.values[windows.trial_of], Standardisation({}, {}))
    divisor = 1.0
    if len(fold.validation):
        logits = predict(system, labelled, fold.validation, size.batch_size)
        divisor = round(temperature(logits, labelled.targets[fold.validation]), 3)
    logits = predict(system, labelled, fold.test, size.batch_size) / divisor
    probabilities = system.probabilities(torch.from_numpy(logits)).numpy()
    subjects = np.array([trial.subject for trial in corpus.trials])
    split = metrics["split"]
    own = {
        "data": corpus.name,
        "split": f"{split['about']} The network and its scores are those of one fold, {fold.name}",
        "selection": "last epoch" + (", temperature by the validation trials" if len(fold.validation) else ""),
        "scores": window_and_trial_scores(probabilities, target, windows.trial_of[fold.test], subjects),
        "provenance": metrics["provenance"],
    }
    model = systems.publish_system(system, config, size, corpus, own, reference, temperature=divisor)
    log.info("published %s in %s", model, model.directory)


@torch.inference_mode()
def _window_ms(system: System, inputs: Inputs) -> dict[str, float]:
    """Mean time that the network takes for a window by itself, ms: of processor cores together, and of a GPU."""
    found = {}
    for device, clock in (("cpu", time.process_time), ("cuda", time.perf_counter)):
        if device == "cuda" and not torch.cuda.is_available():
            continue
        system.to(device).eval()
        given = {name: values.to(device) for name, values in inputs.items()}
        system(given)
        times = [clock()]
        while times[-1] - times[0] < _TIMED_S:
            system(given)
            if device == "cuda":
                torch.cuda.synchronize()
            times.append(clock())
        found[device] = 1000 * (times[-1] - times[0]) / (len(times) - 1)
    return found


def _peak_memory_mb() -> int | None:
    """The most memory that the process has held, MB; None where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1000 for line in lines if line.startswith("VmHWM")), None)
