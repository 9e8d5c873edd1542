"""The account: name, usage, second factor, data export and deletion."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic.edit import FormView

from webapp.accounts.forms import KeepTokensForm
from webapp.accounts.services import revoke_access
from webapp.analyses.downloads.archive import zip_response
from webapp.analyses.privacy import account_deletion, data_export
from webapp.analyses.privacy.account_deletion import Deletion
from webapp.analyses.quota import usage_of
from webapp.audit.selectors import entries_about
from webapp.core.errors import RequestError
from webapp.pages.account.activity import activity_entries
from webapp.pages.account.forms import DeleteAccountForm, NameForm
from webapp.pages.requests import AuthenticatedRequest

ENTRIES_PER_PAGE = 50
DELETED = "Your account is deleted, with everything that was stored about you."


def requires_mail(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view that needs mail; without mail the page says what to do instead."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if settings.SENDS_MAIL else render(request, "account/no_mail.html")

    return page


class RevokeAccessMixin(FormView):
    """Ends other sessions and tokens together with the change of the second factor."""

    request: AuthenticatedRequest

    def form_valid(self, form: KeepTokensForm) -> HttpResponse:
        """Change the second factor and revoke other access in one transaction."""
        with transaction.atomic():
            response = super().form_valid(form)
            revoke_access(
                user=self.request.user, except_session=self.request.session.session_key, keep=form.tokens_to_keep()
            )
        return response


class EnableTOTPView(RevokeAccessMixin, ActivateTOTPView):
    """Set up the second factor."""


class DisableTOTPView(RevokeAccessMixin, DeactivateTOTPView):
    """Remove the second factor."""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account(request: AuthenticatedRequest) -> HttpResponse:
    """Show the account, and save the name."""
    form = NameForm(request.POST if request.method == "POST" else None, instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, "Your name has been saved.")
        return redirect("pages:account")
    factors = {factor.type: factor.wrap() for factor in Authenticator.objects.filter(user=request.user)}
    context = {
        "form": form,
        "usage": usage_of(request.user),
        "sends_mail": settings.SENDS_MAIL,
        "second_factor": Authenticator.Type.TOTP in factors,
        "recovery_code_count": len(codes.get_unused_codes())
        if (codes := factors.get(Authenticator.Type.RECOVERY_CODES))
        else 0,
    }
    return render(request, "pages/account/account.html", context, status=422 if form.is_bound else 200)


@require_safe
@login_required
def activity(request: AuthenticatedRequest) -> HttpResponse:
    """Show one page of the audit log about the user."""
    page = Paginator(entries_about(request.user.pk), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "entries": activity_entries(list(page), request.user)}
    return render(request, "pages/account/activity.html", context)


@require_safe
@login_required
def export_data(request: AuthenticatedRequest) -> StreamingHttpResponse:
    """Download all personal data as a zip file."""
    return zip_response(data_export.personal_data_archive(request.user), "everything")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_account(request: AuthenticatedRequest) -> HttpResponse:
    """Delete the account after its name and password are entered."""
    form = DeleteAccountForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            deletion = account_deletion.delete_account(user=request.user)
        except RequestError as error:
            form.add_error(None, error.message)
        else:
            logout(request)
            if deletion.remaining() is not None:
                return redirect("pages:deletion-progress", deletion.token())
            messages.success(request, DELETED)
            return redirect("login")
    return render(request, "pages/account/delete.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
def deletion_progress(request: HttpRequest, token: str) -> HttpResponse:
    """Show how far the deletion of an account is, without a login: the address holds a signed token."""
    deletion = Deletion.from_token(token)
    left = deletion.remaining()
    context = {
        "total": deletion.recordings,
        "left": left,
        "deleted": deletion.recordings - (left or 0),
        "message": DELETED,
    }
    response = render(request, "pages/account/deletion_progress.html", context)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
