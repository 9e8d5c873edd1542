"""Model cards from the templates beside this module."""

from typing import Any

import jinja2
from torch import nn

from inference.model_spec import ModelSpec

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("training.publishing", "cards"),
    autoescape=False,  # noqa: S701  Markdown
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters |= {
    "percent": "{:.1%}".format,
    "whole_percent": "{:.0%}".format,
    "round1": "{:.1f}".format,
    "round3": "{:.3f}".format,
    "signed": "{:+.1f}".format,
    "short": "{:g}".format,
    "thousands": "{:,}".format,
    "actors": lambda actors: ", ".join(f"{actor:02d}" for actor in actors),
}


def render(template: str, network: nn.Module, spec: ModelSpec, metrics: dict[str, Any], config: Any) -> str:
    """The card of a model, Markdown: `template` without its ending, in terms of what the fit left behind."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return _TEMPLATES.get_template(f"{template}.md.j2").render(
        spec=spec, metrics=metrics, config=config, parameters=parameters
    )
