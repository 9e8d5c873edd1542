"""The API tokens of an account."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from webapp.accounts import selectors, services
from webapp.pages.account.forms import TokenForm
from webapp.pages.requests import AuthenticatedRequest


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required(enabled=lambda request: request.method == "POST")
def tokens(request: AuthenticatedRequest) -> HttpResponse:
    """List the tokens. A new token is shown only in the response to the request that created it."""
    new_token = None
    form = TokenForm(request.POST or None)
    if form.is_valid():
        _, new_token = services.create_token(
            user=request.user,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_days=form.days(),
        )
        form = TokenForm()
    context = {"tokens": selectors.tokens_of(request.user), "new_token": new_token, "form": form}
    return render(request, "pages/account/tokens.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke_token(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask for confirmation, then revoke a token."""
    token = selectors.token_for(request.user, pk)
    if request.method == "POST":
        services.revoke_token(user=request.user, pk=pk)
        messages.success(request, "The token has been revoked. Programs that use it no longer have access.")
        return redirect("pages:tokens")
    context = {
        "question": f"Revoke “{token.name}”?",
        "consequence": "Programs that use this token are locked out at once. This cannot be undone.",
        "confirm_label": "Revoke it",
        "cancel_label": "Keep it",
        "cancel_url": reverse("pages:tokens"),
    }
    return render(request, "pages/forms/confirm.html", context)
