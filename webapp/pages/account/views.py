"""One's account: who one is, what one uses, everything to take away, and the end of it."""

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

from webapp.accounts.forms import KeptTokensForm
from webapp.accounts.services import revoke_access
from webapp.analyses.downloads.archive import zip_response
from webapp.analyses.privacy import account_deletion, data_export
from webapp.analyses.privacy.account_deletion import Deletion
from webapp.analyses.quota import usage_of
from webapp.audit.selectors import entries_about
from webapp.core.errors import RequestError
from webapp.pages.account.activity import lines
from webapp.pages.account.forms import FarewellForm, NameForm
from webapp.pages.requests import AuthenticatedRequest

ENTRIES_ON_A_PAGE = 50
ERASED = "Your account is erased, with everything that was kept about you."


def with_mail(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view where mail can be sent; else what to do instead."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if settings.SENDS_MAIL else render(request, "account/no_mail.html")

    return page


class _RevokesAccess(FormView):
    """Ends other sessions and tokens together with the change of the second factor."""

    request: AuthenticatedRequest

    def form_valid(self, form: KeptTokensForm) -> HttpResponse:
        with transaction.atomic():
            answer = super().form_valid(form)
            revoke_access(user=self.request.user, but=self.request.session.session_key, keep=form.kept())
        return answer


class SecondFactorOn(_RevokesAccess, ActivateTOTPView):
    pass


class SecondFactorOff(_RevokesAccess, DeactivateTOTPView):
    pass


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account(request: AuthenticatedRequest) -> HttpResponse:
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
        "codes": len(codes.get_unused_codes()) if (codes := factors.get(Authenticator.Type.RECOVERY_CODES)) else 0,
    }
    return render(request, "pages/account.html", context, status=422 if form.is_bound else 200)


@require_safe
@login_required
def activity(request: AuthenticatedRequest) -> HttpResponse:
    page = Paginator(entries_about(request.user.pk), ENTRIES_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": lines(list(page), request.user)}
    return render(request, "pages/activity.html", context)


@require_safe
@login_required
def export(request: AuthenticatedRequest) -> StreamingHttpResponse:
    return zip_response(data_export.personal_data_archive(request.user), "everything")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: AuthenticatedRequest) -> HttpResponse:
    form = FarewellForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            deletion = account_deletion.delete_account(user=request.user)
        except RequestError as error:
            form.add_error(None, error.message)
        else:
            logout(request)
            if deletion.remaining() is not None:
                return redirect("pages:deletion", deletion.token())
            messages.success(request, ERASED)
            return redirect("login")
    return render(request, "pages/erase.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
def deletion(request: HttpRequest, token: str) -> HttpResponse:
    """How far the deletion of an account is. Whoever has the address sees it: nobody can log in there any more."""
    asked = Deletion.from_token(token)
    left = asked.remaining()
    context = {"asked": asked, "left": left, "erased": asked.recordings - (left or 0), "words": ERASED}
    answer = render(request, "pages/deletion.html", context)
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
