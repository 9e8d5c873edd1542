"""Programs send `Authorization: Token SECRET`. What a token may do say its scopes."""

from copy import copy
from typing import Any

from django.http import QueryDict
from drf_spectacular.authentication import SessionScheme as DescribedSession
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from webapp.accounts import services
from webapp.accounts.models import Scope, Token, User

KEYWORD = "Token"


class TokenExpired(exceptions.AuthenticationFailed):
    default_detail = "This token has expired. Make another one."
    default_code = "token_expired"


class ScopeMissing(exceptions.PermissionDenied):
    default_code = "scope_missing"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This token lacks the scope {scope}. Make one that has it.")
        self.scope = scope


class TokenAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        keyword, _, secret = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        try:
            token = services.use_token(secret=secret.strip())
        except services.TokenExpiredError:
            raise TokenExpired from None
        if token is None:
            raise exceptions.AuthenticationFailed("This token is not valid. Ask for another one at auth/token/.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class SessionAuthentication(authentication.SessionAuthentication):
    """The CSRF token comes in a header: looking for it in a form would read a large body before anybody's quota."""

    def enforce_csrf(self, request: Request) -> None:
        head = copy(request._request)
        head.method, head.POST = request.method, QueryDict()
        super().enforce_csrf(head)  # type: ignore[arg-type]


def scope_of(view: object, method: str) -> Scope:
    """What a token needs for a call: what its view says, else `read` to look and `write` to change."""
    said: Scope | None = getattr(view, "scope", None)
    return said or (Scope.READ if method in permissions.SAFE_METHODS else Scope.WRITE)


class HasScope(permissions.BasePermission):
    """A person in a browser may do everything; a token, what its scopes allow."""

    def has_permission(self, request: Request, view: object) -> bool:
        needed = scope_of(view, request.method or "")
        if isinstance(request.auth, Token) and needed not in request.auth.scopes:
            raise ScopeMissing(needed)
        return True


class SessionScheme(DescribedSession):
    target_class = SessionAuthentication  # type: ignore[assignment]


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[Any]]:
        return {self.name: [str(scope_of(auto_schema.view, auto_schema.method))]}

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token SECRET`, with a secret from `auth/token/` or the page of tokens. "
            "A call names the scope that its token needs; a session in a browser needs none.",
        }
