"""The models of the store and their cards."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inference import store
from inference.errors import InputError
from webapp.pages import model_cards


@require_safe
@login_required
def model_list(request: HttpRequest) -> HttpResponse:
    """List the models of the store."""
    return render(request, "pages/models/list.html", {"models": model_cards.model_cards()})


@require_safe
@login_required
def model_detail(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show the card and the scores of a model."""
    try:
        spec = store.get(f"{name}@{version}")
    except InputError:
        raise Http404 from None
    context = {
        "model": model_cards.model_card(spec),
        "card": model_cards.render_card(spec),
        "metrics": spec.metrics,
        "scores": model_cards.scores(spec),
    }
    return render(request, "pages/models/detail.html", context)
