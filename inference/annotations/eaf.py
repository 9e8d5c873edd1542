"""EAF documents of ELAN."""

from pathlib import Path

from inference.annotations.types import Annotation, one_line, unreadable


def read_eaf(path: Path) -> list[Annotation]:
    """The annotations of all tiers with a time of their own; the tier's name is theirs.

    Raises InputError(IMPORT_UNREADABLE).
    """
    from pympi import Elan

    try:
        document = Elan.Eaf(str(path), suppress_version_warning=True)
        tiers = {tier: list(aligned.values()) for tier, (aligned, *_) in document.tiers.items()}
    except Exception as error:  # pympi raises whatever a missing attribute leads to
        raise unreadable("The file is no EAF document: save it in ELAN again.") from error
    found = []
    for tier, annotations in tiers.items():
        name = one_line(tier)
        for start, end, text, _ in annotations:
            times = document.timeslots.get(start), document.timeslots.get(end)
            if times[0] is None or times[1] is None:
                raise unreadable(f"“{one_line(text)}” in tier “{name}” has no time of its own: align it in ELAN first.")
            start_s, end_s = times[0] / 1000, times[1] / 1000
            found.append(Annotation(start_s, end_s, one_line(text), name, place=f"tier “{name}”, {start_s:.3f} s"))
    return found
