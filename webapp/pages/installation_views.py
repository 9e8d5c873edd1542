"""Settings and state of the whole installation, for administrators."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from webapp.analyses.privacy import account_deletion
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.webhooks.forms import AllowedNetworksForm
from webapp.webhooks import selectors, services


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("webhooks.change_allowednetwork", raise_exception=True)
def installation(request: AuthenticatedRequest) -> HttpResponse:
    """Set the networks that webhooks may reach, and list pending account deletions."""
    initial = {"networks": "\n".join(map(str, selectors.allowed_networks()))}
    form = AllowedNetworksForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        services.set_allowed_networks(by=request.user, networks=form.cleaned_data["networks"])
        messages.success(request, "The allowed networks have been saved.")
        return redirect("pages:installation")
    context = {"form": form, "deletions": account_deletion.pending()}
    return render(request, "pages/installation.html", context, status=422 if form.is_bound else 200)
