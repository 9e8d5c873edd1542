"""How numbers read on a page."""

from django import template
from django.template.defaultfilters import pluralize

from inference.export.elements import clock, percent
from inference.types import Segment
from inference.wording import evidence_text, unimodal_text

register = template.Library()


register.filter("clock", clock)
register.filter("percent", percent)


@register.filter
def there(segment: Segment, with_eeg: bool) -> str:
    """How much of a face, a voice and EEG a segment has, in words."""
    return evidence_text(segment, with_eeg=with_eeg)


@register.filter
def said_alone(segment: Segment, with_eeg: bool) -> str:
    """What each modality by itself says of a segment, in words."""
    return unimodal_text(segment, with_eeg=with_eeg)


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
def in_bytes(size: int) -> str:
    """A size as the upload page's script and the quota's refusals write it."""
    return f"{size / 1e9:.2f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"


@register.filter
def svg(number: float) -> str:
    """A number for an SVG attribute, whatever the reader's language writes for a decimal point."""
    return f"{number:.3f}"


@register.filter
def hundred(share: float) -> float:
    """A share in percent."""
    return share * 100
