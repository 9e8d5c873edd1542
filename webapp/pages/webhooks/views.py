"""Webhooks: where one's programs are told what happened, and the log of what was sent."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.webhooks.forms import WebhookForm
from webapp.webhooks import selectors, services
from webapp.webhooks.models import Delivery, Endpoint

ON_A_PAGE = 25


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def webhooks(request: AuthenticatedRequest) -> HttpResponse:
    """The list; the answer to the request that makes one shows its secret, and nothing else ever does."""
    form = WebhookForm(request.POST or None)
    if form.is_valid():
        try:
            endpoint, secret = services.create(owner=request.user, **form.cleaned_data)
            return _shown(request, endpoint, fresh=secret)
        except RequestError as error:
            form.add_error(error.field, error.message)
    context = {"webhooks": selectors.endpoints_of(request.user), "form": form}
    return render(request, "pages/webhooks.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def webhook(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    endpoint = selectors.endpoint_for(request.user, pk)
    if request.method != "POST":
        return _shown(request, endpoint)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            services.update(endpoint=endpoint, **form.cleaned_data)
            messages.success(request, "The webhook has been saved.")
            return redirect("pages:webhook", pk)
        except RequestError as error:
            form.add_error(error.field, error.message)
    return _shown(request, endpoint, form=form)


@require_POST
@login_required
def switch(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    endpoint = selectors.endpoint_for(request.user, pk)
    services.update(endpoint=endpoint, enabled=bool(request.POST.get("on")))
    messages.success(request, f"The webhook is switched {'on' if endpoint.enabled else 'off'}.")
    return redirect("pages:webhook", pk)


@require_POST
@login_required
def test(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    try:
        services.send_test(endpoint=selectors.endpoint_for(request.user, pk))
    except RequestError as error:
        messages.error(request, error.message)
    return redirect("pages:webhook", pk)


@require_POST
@login_required
def again(request: AuthenticatedRequest, pk: UUID, delivery: UUID) -> HttpResponse:
    try:
        services.resend(delivery=selectors.delivery_for(request.user, pk, delivery))
    except RequestError as error:
        messages.error(request, error.message)
    return redirect("pages:webhook", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def secret(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    endpoint = selectors.endpoint_for(request.user, pk)
    if request.method == "POST":
        return _shown(request, endpoint, fresh=services.rotate_secret(endpoint=endpoint))
    context = {
        "question": "Make a new secret?",
        "consequence": f"Messages to {endpoint.url} are signed with the new secret. "
        "For 24 hours the present one signs them too, so that your program can change over.",
        "yes": "Make a new secret",
        "no": "Keep the present one",
        "back": reverse("pages:webhook", args=[pk]),
    }
    return render(request, "pages/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    endpoint = selectors.endpoint_for(request.user, pk)
    if request.method == "POST":
        services.delete(endpoint=endpoint)
        messages.success(request, "The webhook and its log have been deleted.")
        return redirect("pages:webhooks")
    context = {
        "question": "Delete this webhook?",
        "consequence": f"{endpoint.url} is told nothing any more, and the log of what was sent goes too. "
        "This cannot be undone.",
        "yes": "Delete for good",
        "no": "Keep it",
        "back": reverse("pages:webhook", args=[pk]),
    }
    return render(request, "pages/confirm.html", context)


def _shown(
    request: AuthenticatedRequest, endpoint: Endpoint, *, fresh: str | None = None, form: WebhookForm | None = None
) -> HttpResponse:
    page = Paginator(selectors.deliveries_of(endpoint), ON_A_PAGE).get_page(request.GET.get("page"))
    for delivery in page:
        delivery.message = json.dumps(delivery.payload, indent=2)  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "webhook": endpoint,
        "fresh": fresh,
        "form": form or WebhookForm(initial={"url": endpoint.url, "events": endpoint.events}),
        "old_secret": endpoint.old_secret_until is not None and endpoint.old_secret_until > timezone.now(),
        "page": page,
        "moving": any(map(_moving, page)),
        "here": reverse("pages:webhook", args=[endpoint.pk]),
    }
    return render(request, "pages/webhook.html", context, status=422 if form is not None else 200)


def _moving(delivery: Delivery) -> bool:
    """Whether an attempt waits for a worker, or is under way."""
    return delivery.status == Delivery.Status.PENDING and delivery.duration_ms is None
