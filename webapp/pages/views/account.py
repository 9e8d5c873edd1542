"""Logging in, and the tokens with which programs use REST in somebody's name."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.views import LoginView
from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from webapp.accounts import selectors, services
from webapp.pages.forms import PasswordForm, TokenForm
from webapp.pages.views.requests import PersonRequest


class Login(LoginView):
    template_name = "pages/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.headers.get("HX-Request"):
            # A part of a page was asked for after the session ended: the whole page has to come here.
            return HttpResponseClientRefresh()
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "signup_open": settings.SIGNUP}


@method_decorator([login_required, rate_limit(action="change_password")], name="dispatch")
class Password(SuccessMessageMixin, PasswordChangeView):
    form_class = PasswordForm
    template_name = "pages/password.html"
    success_url = reverse_lazy("pages:recordings")
    success_message = "Your password has been changed."


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required(enabled=lambda request: request.method == "POST")
def tokens(request: PersonRequest) -> HttpResponse:
    """The list; a new token is shown in the answer to the request that made it, and never again."""
    fresh = None
    form = TokenForm(request.POST or None)
    if form.is_valid():
        wanted = form.cleaned_data
        _, fresh = services.make_token(
            user=request.user, name=wanted["name"], scopes=wanted["scopes"], expires_days=form.days()
        )
        form = TokenForm()
    context = {"tokens": selectors.tokens_of(request.user), "fresh": fresh, "form": form}
    return render(request, "pages/tokens.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke(request: PersonRequest, pk: int) -> HttpResponse:
    token = selectors.token_for(request.user, pk)
    if request.method == "POST":
        services.revoke_token(user=request.user, pk=pk)
        messages.success(request, "The token has been revoked. Programs that use it no longer have access.")
        return redirect("pages:tokens")
    context = {
        "question": f"Revoke “{token.name}”?",
        "consequence": "Programs that use this token are locked out at once. This cannot be undone.",
        "yes": "Revoke it",
        "no": "Keep it",
        "back": reverse("pages:tokens"),
    }
    return render(request, "pages/confirm.html", context)
