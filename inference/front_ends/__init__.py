"""Front ends: what was recorded in a window, as the input of a network.

A front end is one file of this package, which defines its `FrontEnd`, a msgspec struct of its settings. Its name is the
file's, with hyphens: `build("band-psd", bands=5)`.
"""

import importlib
import pkgutil
from typing import Any

import msgspec

from inference.front_ends.signals import FrontEnd

_SHARED = {"signals"}


class FrontEndError(ValueError):
    """There is no such front end, or it has no such setting; the message is one line."""


def names() -> list[str]:
    """Return the name of every front end, sorted."""
    found = {module.name for module in pkgutil.iter_modules(__path__)} - _SHARED
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))


def build(name: str, **settings: Any) -> FrontEnd:
    """Return a front end. Raises FrontEndError for an unknown one, or a setting that it does not have."""
    if name not in names():
        raise FrontEndError(f"{name}: no such front end, have {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    try:
        front_end: FrontEnd = msgspec.convert(settings, module.FrontEnd)
    except (msgspec.ValidationError, ValueError) as error:
        raise FrontEndError(f"{name}: {' '.join(str(error).split())}") from error
    return front_end
