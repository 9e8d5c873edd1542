"""Names of measures for people."""

OF_LABELS = {
    "mean_probability": "Mean probability",
    "time_share": "Share of time",
    "peak": "Peak probability",
    "latency_s": "Latency",
}
OF_ALL = {
    "valence": "Valence",
    "arousal": "Arousal",
    "changes_per_minute": "Changes a minute",
    "agreement": "Agreement of face and voice",
}
_UNITS = {"latency_s": " (s)"}


def measure_name(measure: str) -> str:
    """Return the name of a measure: that of the label too, where it is of one, and the unit, where it has one."""
    for kind, name in OF_LABELS.items():
        if measure.startswith(f"{kind}_"):
            return f"{name} of {measure.removeprefix(f'{kind}_')}{_UNITS.get(kind, '')}"
    return OF_ALL.get(measure, measure)
