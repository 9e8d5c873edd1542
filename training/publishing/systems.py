"""Puts a fitted system of the zoo that reads pictures and sound into the store."""

import re
from typing import Any

import msgspec
from msgspec import to_builtins

from inference import front_ends, store
from inference.model_spec import FrontEndInput, SystemArchitecture, SystemSpec, WindowInput
from inference.models import zoo
from inference.models.zoo.system import System
from inference.predictors.system import AUDIO, VISUAL
from inference.types import EMOTIONS
from training.data.corpus import Corpus
from training.errors import DatasetError
from training.publishing.card import render
from training.publishing.weights import write
from training.schema.zoo import Size, ZooSystem

_HOPS = 5  # of a window, so that a label can change within one
_TRAINING_ONLY = ("classes", "labels", "weights")  # options that a specification does not hold


def publish_system(
    network: System,
    config: ZooSystem,
    size: Size,
    corpus: Corpus,
    metrics: dict[str, Any],
    reference: str,
    *,
    temperature: float = 1.0,
) -> store.StoredModel:
    """Put a network that was fitted on the labels of `corpus` into the store as `reference`, NAME or NAME@VERSION.

    `metrics` are written as they are; the card quotes `data`, `split`, `selection` (sentences) and `scores`.
    `temperature` divides the logits. Raises DatasetError for a system that the application cannot use, and where the
    store has such a model: see `check_publishable` and `check_new`.
    """
    check_publishable(network, config, corpus.labels)
    name, version = check_new(reference)
    options = msgspec.convert(
        {"classes": len(corpus.labels), **size.options}, zoo.options_type(config.system), strict=False
    )
    spec = SystemSpec(
        schema="emotrace.model/1",
        name=name,
        version=version,
        title=config.title,
        labels=corpus.labels,
        architecture=SystemArchitecture(
            config.system,
            {key: value for key, value in to_builtins(options).items() if key not in _TRAINING_ONLY},
        ),
        window=WindowInput(config.window_s, min(config.hop_s, config.window_s / _HOPS)),
        inputs={
            key: FrontEndInput(each.kind, to_builtins(front_ends.build(each.kind, **each.settings)))
            for key, each in size.inputs.items()
        },
        temperature=temperature,
        demonstration=f"recordings made of {corpus.made_of}" if corpus.made_of else None,
        notice=f"Fitted on {corpus.name}. Expect worse readings of other people, rooms and cameras.",
        licence=f"The terms of {corpus.name}, on which the weights were fitted, hold for them too.",
    )
    card = render("system", network, spec, metrics, config)
    return write(store.store_directory() / name / version, network, spec, metrics, card)


def check_new(reference: str) -> tuple[str, str]:
    """Return name and version, by default 1, of a model that the store does not have.

    Raises DatasetError where it has one of this version, and for a reference that is not NAME or NAME@VERSION.
    """
    found = re.fullmatch(r"([a-z0-9][a-z0-9-]*)(?:@(\d+(?:\.\d+)*))?", reference)
    if not found:
        raise DatasetError(
            f"{reference}: a model is called NAME or NAME@VERSION, in small letters, digits and hyphens, and numbers "
            "with dots between them"
        )
    name, version = found[1], found[2] or "1"
    if (store.store_directory() / name / version).exists():
        raise DatasetError(f"{name}@{version} is in the store already; name another version")
    return name, version


def check_publishable(network: System, config: ZooSystem, labels: tuple[str, ...]) -> None:
    """Raise DatasetError, in one sentence, for a system that the application cannot use.

    It has to read pictures and sound, nothing else and as they are, and to tell labels that the application knows.
    """
    visual = [name for name in network.inputs if name in VISUAL]
    if AUDIO not in network.inputs or not visual or len(network.inputs) > len(visual) + 1:
        raise DatasetError(
            f"{config.system} reads {', '.join(sorted(network.inputs))}; only a system that reads faces or frames, "
            "audio and nothing else can be published"
        )
    if config.standardise:
        raise DatasetError(
            f"{config.system} standardises {', '.join(config.standardise)} by its training data; only a system that "
            "reads its inputs as they are can be published"
        )
    unknown = [label for label in labels if label not in EMOTIONS]
    if network.target != "labels" or unknown:
        raise DatasetError(
            f"{config.system} tells {', '.join(unknown) or 'dimensions'}; only one that tells some of "
            f"{', '.join(EMOTIONS)} can be published"
        )
