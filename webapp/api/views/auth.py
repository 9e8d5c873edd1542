"""Tokens for user name and password."""

from axes.helpers import get_cool_off
from django.contrib.auth import authenticate
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts import services
from webapp.accounts.models import User
from webapp.api.authentication import KEYWORD
from webapp.api.serializers.auth import CredentialsSerializer


class TokenView(APIView):
    authentication_classes = []
    permission_classes = []
    cost = "token"

    @extend_schema(
        operation_id="token_create",
        summary="Create a token with user name and password",
        description="Where the account has a second factor, `code` is needed too: of the authenticator, or a recovery "
        "code. Without it the answer is 401 `code_required`. A code is taken once.",
        request=CredentialsSerializer,
        responses={200: CredentialsSerializer},
    )
    def post(self, request: Request) -> Response:
        form = CredentialsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        credentials = form.validated_data
        user = authenticate_user(request, credentials["username"], credentials["password"])
        if user.password_is_temporary:
            raise TemporaryPassword
        services.check_second_factor(user=user, code=credentials.get("code", ""))
        with transaction.atomic():
            if services.lock_user(user).password != user.password:
                # The password was changed meanwhile, which revoked all tokens.
                raise WrongCredentials
            token, secret = services.create_token(
                user=user,
                name=credentials["name"],
                scopes=credentials["scopes"],
                expires_days=credentials["expires_days"],
                by_login=True,
            )
        token_made = {"name": token.name, "scopes": token.scopes, "expires_at": token.expires_at, "token": secret}
        return Response(CredentialsSerializer(token_made).data)


def authenticate_user(request: Request, username: str, password: str) -> User:
    """Raises WrongCredentials, and Throttled after too many of them."""
    user = authenticate(request._request, username=username, password=password)
    if getattr(request._request, "axes_locked_out", False):
        # This response replaces that of the middleware.
        request._request.axes_locked_out = False  # type: ignore[attr-defined]
        cool_off = get_cool_off(request._request)
        raise exceptions.Throttled(cool_off.total_seconds() if cool_off else None, "Too many wrong passwords.")
    if not isinstance(user, User):
        raise WrongCredentials
    return user


class WrongCredentials(exceptions.APIException):
    # Not AuthenticationFailed, which DRF turns into 403 in views without authentication classes.
    status_code = 401
    auth_header = KEYWORD
    default_detail = "User name or password is wrong."
    default_code = "wrong_credentials"


class TemporaryPassword(exceptions.PermissionDenied):
    default_detail = "This password is for the first login only. Log in with a browser and choose your own."
    default_code = "temporary_password"
