"""How numbers read on a page."""

from django import template
from django.template.defaultfilters import pluralize

register = template.Library()


@register.filter
def clock(seconds: float) -> str:
    """A moment of a recording: 0:03.6, 12:40.0, 1:02:03.0."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


@register.filter
def length_in_time(seconds: float) -> str:
    """How long something lasts, or a round moment: 0:24, 12:40, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@register.filter
def spoken(seconds: float) -> str:
    """A limit in its largest round unit: 2 hours, 90 minutes, 45 seconds."""
    for unit, size in (("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:.0f} {unit}{pluralize(seconds // size)}"
    return f"{seconds:g} seconds"


@register.filter
def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


@register.filter
def svg(number: float) -> str:
    """A number for an SVG attribute, whatever the reader's language writes for a decimal point."""
    return f"{number:.3f}"


@register.filter
def hundred(share: float) -> float:
    """A share in percent."""
    return share * 100
