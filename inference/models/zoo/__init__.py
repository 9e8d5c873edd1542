"""The published networks of the field under one interface.

A system is one file of this package, which defines its `Options`, a msgspec struct, and its `Network`, a `System` that
is built of them. Its name is the file's, with hyphens: `build("eeg-conformer", classes=5)`. A system's libraries are
imported when it is built, not before.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Any

import msgspec

from inference.models.zoo.system import System

_SHARED = {"system"}


class ZooError(ValueError):
    """There is no such system, or it has no such option; the message is one line."""


def names() -> list[str]:
    """Return the name of every system, sorted."""
    found = {module.name for module in pkgutil.iter_modules(__path__)} - _SHARED
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))


def options_type(name: str) -> type[msgspec.Struct]:
    """Return the struct of a system's options. Raises ZooError for an unknown system."""
    found: type[msgspec.Struct] = _module(name).Options
    return found


def build(name: str, **options: Any) -> System:
    """Return a system with seeded weights, from torch's generator.

    Raises ZooError for an unknown system, an option that it does not have, or one that does not fit.
    """
    module = _module(name)
    try:
        network: System = module.Network(msgspec.convert(options, module.Options))
    except (msgspec.ValidationError, ValueError) as error:
        raise ZooError(f"{name}: {' '.join(str(error).split())}") from error
    return network


def _module(name: str) -> ModuleType:
    if name not in names():
        raise ZooError(f"{name}: no such system, have {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
