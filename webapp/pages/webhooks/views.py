"""Webhooks: the endpoints of a user and the log of deliveries."""

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

DELIVERIES_PER_PAGE = 25


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def webhook_list(request: AuthenticatedRequest) -> HttpResponse:
    """List the webhooks. The secret of a new one is shown only in the response to the request that created it."""
    form = WebhookForm(request.POST or None)
    if form.is_valid():
        try:
            endpoint, secret = services.create(owner=request.user, **form.cleaned_data)
            return _detail_page(request, endpoint, new_secret=secret)
        except RequestError as error:
            form.add_error(error.field, error.message)
    context = {"webhooks": selectors.endpoints_of(request.user), "form": form}
    return render(request, "pages/webhooks/list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def webhook_detail(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Show a webhook with its deliveries, and save changes."""
    endpoint = selectors.endpoint_for(request.user, pk)
    if request.method != "POST":
        return _detail_page(request, endpoint)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            services.update(endpoint=endpoint, **form.cleaned_data)
            messages.success(request, "The webhook has been saved.")
            return redirect("pages:webhook", pk)
        except RequestError as error:
            form.add_error(error.field, error.message)
    return _detail_page(request, endpoint, form=form)


@require_POST
@login_required
def toggle(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Switch a webhook on or off."""
    endpoint = selectors.endpoint_for(request.user, pk)
    services.update(endpoint=endpoint, enabled=bool(request.POST.get("on")))
    messages.success(request, f"The webhook is switched {'on' if endpoint.enabled else 'off'}.")
    return redirect("pages:webhook", pk)


@require_POST
@login_required
def send_test(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Send a test message."""
    try:
        services.send_test(endpoint=selectors.endpoint_for(request.user, pk))
    except RequestError as error:
        messages.error(request, error.message)
    return redirect("pages:webhook", pk)


@require_POST
@login_required
def redeliver(request: AuthenticatedRequest, pk: UUID, delivery: UUID) -> HttpResponse:
    """Send a delivery again."""
    try:
        services.resend(delivery=selectors.delivery_for(request.user, pk, delivery))
    except RequestError as error:
        messages.error(request, error.message)
    return redirect("pages:webhook", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rotate_secret(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then show a new secret."""
    endpoint = selectors.endpoint_for(request.user, pk)
    if request.method == "POST":
        return _detail_page(request, endpoint, new_secret=services.rotate_secret(endpoint=endpoint))
    context = {
        "question": "Create a new secret?",
        "consequence": f"Messages to {endpoint.url} are signed with the new secret. "
        "The present secret signs them too for 24 hours, so that your program can change over.",
        "confirm_label": "Create a new secret",
        "cancel_label": "Keep the present one",
        "cancel_url": reverse("pages:webhook", args=[pk]),
    }
    return render(request, "pages/forms/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_webhook(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a webhook with its log."""
    endpoint = selectors.endpoint_for(request.user, pk)
    if request.method == "POST":
        services.delete(endpoint=endpoint)
        messages.success(request, "The webhook and its log have been deleted.")
        return redirect("pages:webhooks")
    context = {
        "question": "Delete this webhook?",
        "consequence": f"{endpoint.url} gets no more messages, and the log of deliveries is deleted too. "
        "This cannot be undone.",
        "confirm_label": "Delete for good",
        "cancel_label": "Keep it",
        "cancel_url": reverse("pages:webhook", args=[pk]),
    }
    return render(request, "pages/forms/confirm.html", context)


def _detail_page(
    request: AuthenticatedRequest, endpoint: Endpoint, *, new_secret: str | None = None, form: WebhookForm | None = None
) -> HttpResponse:
    page = Paginator(selectors.deliveries_of(endpoint), DELIVERIES_PER_PAGE).get_page(request.GET.get("page"))
    for delivery in page:
        delivery.message = json.dumps(delivery.payload, indent=2)  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "webhook": endpoint,
        "new_secret": new_secret,
        "form": form or WebhookForm(initial={"url": endpoint.url, "events": endpoint.events}),
        "old_secret_valid": endpoint.old_secret_until is not None and endpoint.old_secret_until > timezone.now(),
        "page": page,
        "has_pending": any(map(_is_pending, page)),
        "log_url": reverse("pages:webhook", args=[endpoint.pk]),
    }
    return render(request, "pages/webhooks/detail.html", context, status=422 if form is not None else 200)


def _is_pending(delivery: Delivery) -> bool:
    """Return whether an attempt is waiting for a worker or running."""
    return delivery.status == Delivery.Status.PENDING and delivery.duration_ms is None
