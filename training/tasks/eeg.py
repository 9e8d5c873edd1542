"""Fit EEGNet on simulated people and test it on others: `fit(config, out)` with configs/eegnet-5.yaml."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec import convert
from numpy.typing import NDArray
from torch.nn import functional

from inference.eeg import EAV_RATE, cut_windows
from inference.model_spec import EegSignalInput
from inference.models.eegnet import EEGNet
from training.engine import checkpoint
from training.evaluation.metrics import BOOTSTRAPS, by_subject
from training.features.banks import kept
from training.publishing import publish
from training.publishing.provenance import provenance
from training.schema.configuration import EEG, EEGNetFit
from training.simulate.eeg import EMOTIONS, Variation, record, session, subject

log = logging.getLogger(__name__)

DEMONSTRATION = "EEG simulated"
LICENCE = "No terms from training data: fitted on simulated data alone."
NOTICE = (
    "Demonstration: the EEG this model learned from is simulated. Its readings of a real person's EEG mean nothing; "
    "use it to try the program, then fit it again on real recordings."
)


@dataclass(frozen=True)
class Trials:
    """Spoken trials of some people: `windows` (N, 4, 30, 500), `labels` (N,), `subjects` (N,)."""

    windows: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def chosen(self, rows: NDArray[np.bool_]) -> "Trials":
        return Trials(self.windows[rows], self.labels[rows], self.subjects[rows])


def simulated_trials(config: EEG, part: str) -> Trials:
    """The trials of the part's people, from runs/ where the same ones have been made before.

    `config.split` names the first and last person, `config.trials_per_emotion` how many trials each has of an emotion.
    """
    (first, last), each = getattr(config.split, part), getattr(config.trials_per_emotion, part)

    def make() -> dict[str, np.ndarray]:
        people = [vars(simulated_person(config, number, each)) for number in range(first, last + 1)]
        return {name: np.concatenate([person[name] for person in people]) for name in people[0]}

    return Trials(**kept("simulated-eeg", (simulation(config), first, last, each), make))


def split(config: EEG) -> str:
    return "by person: " + ", ".join(f"{part} {first}-{last}" for part, (first, last) in config.split)


def simulation(config: EEG) -> dict[str, Any]:
    """What a simulated person's trials depend on, but for the person."""
    return config.model_dump(include={"simulation", "eeg"})


def simulated_person(config: EEG, number: int, each: int) -> Trials:
    """The first `each` spoken trials of each emotion in this person's session."""
    log.info("simulating person %d", number)
    person = subject(number, config.simulation.seed, Variation(**config.simulation.variation.model_dump()))
    order = np.array(session())
    chosen = np.sort(np.concatenate([np.flatnonzero(order == emotion)[:each] for emotion in range(len(EMOTIONS))]))
    signal = convert(config.eeg, EegSignalInput)
    made = [cut_windows(record(person, int(order[trial]), int(trial)), EAV_RATE, signal) for trial in chosen]
    return Trials(np.stack(made), order[chosen], np.full(len(chosen), number))


def train(config: EEGNetFit, trials: Trials, place: Path) -> EEGNet:
    """The network after the last step; no other part is looked at, so nothing is selected.

    A fit that was stopped goes on from `place` behind its last whole epoch.
    """
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    network = EEGNet(classes=len(config.labels), **config.architecture)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.rate)
    x = torch.from_numpy(trials.windows.reshape(-1, *trials.windows.shape[2:]))
    y = torch.from_numpy(trials.labels.repeat(trials.windows.shape[1]))
    network.train()

    def epoch(epoch: int) -> dict[str, Any]:
        losses = []
        for chosen in torch.randperm(len(x), generator=generator).split(config.batch):
            loss = functional.cross_entropy(network(x[chosen]), y[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            network.constrain()
            losses.append(loss.item())
        return {"epoch": epoch, "of": config.epochs, "loss": round(float(np.mean(losses)), 4)}

    parts: dict[str, checkpoint.Stateful] = {
        "network": network,
        "optimiser": optimiser,
        "random": checkpoint.Randomness(generator),
    }
    checkpoint.rounds(place, config.epochs, parts, epoch)
    return network.eval()


@torch.inference_mode()
def logits(network: EEGNet, trials: Trials) -> NDArray[np.float32]:
    """(N, 4, classes)."""
    network.eval()
    return np.stack([network(torch.from_numpy(trial)).numpy() for trial in trials.windows])


def evaluate(network: EEGNet, trials: Trials, seed: int) -> dict[str, Any]:
    """Scores of single windows, and of trials read by the mean of their windows' logits."""
    scored = logits(network, trials)
    window = (scored.argmax(2) == trials.labels[:, None]).ravel()
    trial = scored.mean(axis=1).argmax(1) == trials.labels
    return {
        "window": by_subject(window, trials.subjects.repeat(scored.shape[1]), seed),
        "trial": by_subject(trial, trials.subjects, seed),
        "trials": len(trials),
    }


def specification(config: EEGNetFit, demonstration: str | None, notice: str, licence: str) -> dict[str, Any]:
    return {
        "name": config.name,
        "version": config.version,
        "kind": "eeg",
        "title": config.title,
        "labels": config.labels,
        "architecture": config.architecture,
        "eeg": config.eeg,
        "temperature": 1.0,
        "demonstration": demonstration,
        "notice": notice,
        "licence": licence,
    }


def fit(config: EEG, out: Path) -> None:
    """Fit on the people of `split.train`, test on those of `split.test` and write `out`/NAME/VERSION."""
    if tuple(config.labels) != EMOTIONS:
        raise ValueError(f"labels must be {EMOTIONS}, in EAV's order")
    place = checkpoint.folder(f"{config.name}-{config.version}", config.model_dump_json())
    network = train(config, simulated_trials(config, "train"), place)
    scores = {part: evaluate(network, simulated_trials(config, part), config.seed) for part in ("validation", "test")}
    spec = specification(config, DEMONSTRATION, NOTICE, LICENCE)
    metrics = {
        "data": f"simulated EEG (demonstration: {DEMONSTRATION})",
        "split": split(config),
        "selection": "last epoch; validation and test people chose no weights, but the strength of the simulated "
        "effects was set so that their score comes near the published 39 %",
        "interval": f"95 %, {BOOTSTRAPS} bootstrap draws of people",
        "simulation": config.simulation.model_dump(),
        "scores": scores,
        "provenance": provenance(config.seed, checkpoint.seconds(place)),
    }
    publish.write(out / config.name / config.version, network, spec, metrics, _card(config, network, scores))
    checkpoint.forget(place)


def score_rows(scores: dict[str, dict[str, Any]]) -> str:
    """Markdown table rows of `by_subject` scores: accuracy, interval, spread over people."""
    return "\n".join(
        f"| {name} | {score['accuracy']:.1%} | {score['interval_95'][0]:.1%} to {score['interval_95'][1]:.1%} "
        f"| {score['subject_sd'] * 100:.1f} points |"
        for name, score in scores.items()
    )


def _card(config: EEG, network: EEGNet, scores: dict[str, Any]) -> str:
    parts = {f"{part}, {unit}s": scores[part][unit] for part in ("validation", "test") for unit in ("window", "trial")}
    people = {part: f"{first} to {last}" for part, (first, last) in config.split}
    counts = {part: each * len(EMOTIONS) for part, each in config.trials_per_emotion}
    return f"""# {config.name}, version {config.version}

**demonstration: EEG simulated**

{config.title}: {", ".join(config.labels)}.

## What it is
EEGNet (Lawhern et al. 2018) with the widths of the EAV baseline, {sum(p.numel() for p in network.parameters()):,}
parameters. It reads four windows of 5 s of a 20 s trial: 30 channels, resampled to 100 Hz, 0.5 to 45 Hz, microvolt.

## What it was fitted on
**No EEG of a person.** The recordings are simulated: dipoles in a spherical head, 1/f background, rhythms with
individual peaks, blinks, muscle and mains; emotions scale the power of the rhythms along valence and arousal,
in each simulated person with a strength, topography and sign of their own. How much was chosen so that the
score on people not trained on comes near the 39 % published for EEGNet on unseen people of EAV. The score
therefore says nothing about how well emotions can be read from EEG.

People {people["train"]} were trained on ({counts["train"]} spoken trials each); {people["validation"]} (validation) and
{people["test"]} (test) only score it ({counts["test"]} trials each). {config.epochs} epochs, Adam
{config.rate:g}, batch {config.batch}, cross-entropy, max-norm after every step. The weights are those of the last
epoch: people outside training chose none of them. One fit, one seed.

## What it scores
Simulated people, none of them trained on. Chance is 20 %. A trial is read by the mean of its four windows' logits.

| People, unit | Accuracy | 95 % interval over people | SD over people |
| --- | --- | --- | --- |
{score_rows(parts)}

## What it must not be used for
{NOTICE}

## Terms
{LICENCE}
"""
