"""Template filters for numbers and segments."""

from django import template
from django.template.defaultfilters import pluralize

from inference.types import Segment
from inference.wording import clock, dimensions_text, evidence_text, novelty_text, percent, unimodal_text

register = template.Library()


register.filter("clock", clock)
register.filter("percent", percent)
register.filter("dimensions", dimensions_text)
register.filter("novelty", novelty_text)


@register.filter
def evidence(segment: Segment, with_eeg: bool) -> str:
    """Describe how much of a face, a voice and EEG a segment has, or why it is undetermined."""
    return evidence_text(segment, with_eeg=with_eeg)


@register.filter
def unimodal_labels(segment: Segment, with_eeg: bool) -> str:
    """Describe the label that each modality alone gives a segment."""
    return unimodal_text(segment, with_eeg=with_eeg)


@register.filter
def duration(seconds: float) -> str:
    """Format seconds without fractions: 0:24, 12:40, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@register.filter
def rounded_duration(seconds: float) -> str:
    """Format a limit in its largest round unit: 2 hours, 90 minutes, 45 seconds."""
    for unit, size in (("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:.0f} {unit}{pluralize(seconds // size)}"
    return f"{seconds:g} seconds"


@register.filter
def byte_size(size: int) -> str:
    """Format a size as the upload page's script and the quota's messages do."""
    return f"{size / 1e9:.2f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"


@register.filter
def svg_number(number: float) -> str:
    """Format a number for an SVG attribute: with a decimal point in every language."""
    return f"{number:.3f}"


@register.filter
def value(level_or_number: str | float | None) -> str:
    """Write the value of a variable: a level as it is, a number without needless zeros, a dash where there is none."""
    if level_or_number is None:
        return "–"
    return level_or_number if isinstance(level_or_number, str) else f"{level_or_number:.10g}"


@register.filter
def times_100(share: float) -> float:
    """Return a share 0..1 in percent."""
    return share * 100
