"""Template filters for measures and statistics."""

from django import template

from webapp.studies.measure_names import measure_name
from webapp.studies.statistics.results import EffectSize

register = template.Library()
register.filter("measure_name", measure_name)

MINUS = "\N{MINUS SIGN}"
SMALLEST_P = 0.001


@register.filter
def statistic(value: float | None) -> str:
    """Write a number with three significant digits; a dash where there is none."""
    return "–" if value is None else f"{value:.3g}".replace("-", MINUS)


@register.filter
def p_value(p: float) -> str:
    """Write a p value with three decimals, as APA style has it."""
    return f"< {SMALLEST_P}" if p < SMALLEST_P else f"{p:.3f}"


@register.filter
def effect(size: EffectSize) -> str:
    """Write an effect size with its interval."""
    if size.value is None:
        return "not defined"
    if size.low is None or size.high is None:
        return statistic(size.value)
    return f"{statistic(size.value)} [{statistic(size.low)}, {statistic(size.high)}]"


@register.filter
def thousands(count: int) -> str:
    """Write a count with commas."""
    return f"{count:,}"


@register.filter
def about_size(size: int) -> str:
    """Format an estimated number of bytes with two digits, such as about 57 MB."""
    factor, unit = next((each for each in ((1e9, "GB"), (1e6, "MB")) if size >= each[0]), (1e3, "kB"))
    return f"about {float(f'{size / factor:.2g}'):g} {unit}"
