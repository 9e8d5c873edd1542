"""A linear mixed model of single observations, for designs that are unbalanced or have a covariate.

A participant has a random intercept (Laird and Ware, 1982, Biometrics 38(4)). The first condition is the reference.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from inference.timeline.arrays import Floats
from webapp.studies.statistics.results import CONFIDENCE, MixedModel, Term

_UNTELLABLE = "Each participant has one observation: participants cannot be told from what is left over."
_NOT_CONVERGED = "The fit did not converge: do not report it."


@dataclass(frozen=True)
class ModelData:
    """N observations: `values` (N,), the index of each one's level, its participant, and a covariate (N,) if any."""

    values: Floats
    levels: Sequence[int]
    participants: Sequence[str]
    covariate: Floats | None = None


def fit_mixed_model(data: ModelData, levels: Sequence[str], *, factor: str, covariate: str = "") -> MixedModel:
    """Fit value ~ factor + covariate + (1 | participant) by restricted maximum likelihood."""
    formula = " + ".join(["value ~ 1", factor, *([covariate] if covariate else []), "(1 | participant)"])
    unfitted = MixedModel(
        formula=formula,
        observations=len(data.values),
        participants=len(set(data.participants)),
        converged=False,
        note=_UNTELLABLE,
    )
    if unfitted.observations == unfitted.participants:
        return unfitted
    indices = np.asarray(data.levels)
    columns = {"intercept": np.ones(len(indices))}
    columns |= {f"{factor}: {level}": (indices == index).astype(float) for index, level in enumerate(levels) if index}
    if data.covariate is not None:
        columns[covariate] = data.covariate
    return _fit(data, columns, unfitted)


def _fit(data: ModelData, columns: dict[str, Floats], unfitted: MixedModel) -> MixedModel:
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = MixedLM(data.values, np.column_stack(list(columns.values())), groups=np.array(data.participants))
            fit = model.fit(reml=True)
            intervals = fit.conf_int(alpha=1 - CONFIDENCE)
        except (np.linalg.LinAlgError, ValueError) as error:
            return replace(unfitted, note=f"{_NOT_CONVERGED} {error}")
    numbers = zip(columns, fit.fe_params, fit.bse_fe, fit.tvalues, fit.pvalues, intervals, strict=False)
    terms = tuple(
        Term(
            name=name, estimate=float(b), se=float(se), z=float(z), p=float(p), low=float(ends[0]), high=float(ends[1])
        )
        for name, b, se, z, p, ends in numbers
    )
    variances = float(fit.cov_re[0, 0]), float(fit.scale)
    numbers_of_terms = [(term.estimate, term.se, term.z, term.p, term.low, term.high) for term in terms]
    finite = bool(np.isfinite(numbers_of_terms).all() and np.isfinite(variances).all())
    converged = bool(fit.converged) and finite
    said = "; ".join(dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught))
    return replace(
        unfitted,
        converged=converged,
        note=said if converged else f"{_NOT_CONVERGED} {said}".strip(),
        terms=terms if finite else (),
        participant_variance=variances[0] if finite else None,
        residual_variance=variances[1] if finite else None,
    )
