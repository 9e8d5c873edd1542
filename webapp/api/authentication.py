"""Authentication of programs by `Authorization: Token SECRET`. Scopes define what a token may do."""

from copy import copy
from typing import Any

from django.http import QueryDict
from drf_spectacular.authentication import SessionScheme as BaseSessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from webapp.accounts import services
from webapp.accounts.models import Scope, Token, User

KEYWORD = "Token"


class TokenExpired(exceptions.AuthenticationFailed):
    """401 `token_expired`."""

    default_detail = "This token has expired. Make another one."
    default_code = "token_expired"


class ScopeMissing(exceptions.PermissionDenied):
    """403 `scope_missing`, with the scope."""

    default_code = "scope_missing"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This token lacks the scope {scope}. Make one that has it.")
        self.scope = scope


class TokenAuthentication(authentication.BaseAuthentication):
    """Authenticates requests with a token."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """None without a token. Raises AuthenticationFailed."""
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
        """The header WWW-Authenticate."""
        return KEYWORD


class SessionAuthentication(authentication.SessionAuthentication):
    """Takes the CSRF token from the header only: parsing a form would read the whole body before quotas are checked."""

    def enforce_csrf(self, request: Request) -> None:
        """Raises PermissionDenied."""
        head = copy(request._request)
        head.method, head.POST = request.method, QueryDict()
        super().enforce_csrf(head)  # type: ignore[arg-type]


def scope_of(view: object, method: str) -> Scope:
    """The scope that a call needs: the view's `scope`, else READ for safe methods and WRITE for others."""
    declared: Scope | None = getattr(view, "scope", None)
    return declared or (Scope.READ if method in permissions.SAFE_METHODS else Scope.WRITE)


class HasScope(permissions.BasePermission):
    """Sessions may do everything, tokens what their scopes allow."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Raises ScopeMissing."""
        needed = scope_of(view, request.method or "")
        if isinstance(request.auth, Token) and needed not in request.auth.scopes:
            raise ScopeMissing(needed)
        return True


class SessionScheme(BaseSessionScheme):  # type: ignore[no-untyped-call]
    """Describes session authentication in the OpenAPI schema."""

    target_class = SessionAuthentication  # type: ignore[assignment]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes token authentication and the needed scopes in the OpenAPI schema."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[Any]]:
        """The scope of the operation."""
        return {self.name: [str(scope_of(auto_schema.view, auto_schema.method))]}

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The header."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token SECRET`, with a secret from `auth/token/` or the page of tokens. "
            "A call names the scope that its token needs; a session in a browser needs none.",
        }
