"""Logging in, and the tokens with which programs use REST in somebody's name."""

from typing import Any

from allauth.account.views import LoginView
from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django_htmx.http import HttpResponseClientRefresh

from webapp.pages.account.forms import PasswordForm


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
