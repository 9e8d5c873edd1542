"""Logging in, and changing the password."""

from typing import Any

from allauth.account import views as allauth_views
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

from webapp.pages.account.forms import ChangePasswordForm


class LoginView(allauth_views.LoginView):
    """The login page, also for htmx requests of an ended session."""

    template_name = "pages/account/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.headers.get("HX-Request"):
            # htmx asked for a part of a page after the session ended: reload the whole page.
            return HttpResponseClientRefresh()
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "signup_open": settings.SIGNUP}


@method_decorator([login_required, rate_limit(action="change_password")], name="dispatch")
class ChangePasswordView(SuccessMessageMixin, PasswordChangeView):
    """The password page, rate limited."""

    form_class = ChangePasswordForm
    template_name = "pages/account/password.html"
    success_url = reverse_lazy("pages:recordings")
    success_message = "Your password has been changed."
