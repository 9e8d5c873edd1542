"""Exception handler: every error is application/problem+json (RFC 9457) with a stable `code`."""

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

from inference.errors import Code, InputError
from webapp.api.authentication import KEYWORD, ScopeMissing
from webapp.core import faults
from webapp.core.errors import (
    PROBLEM_TYPE,
    RETRY_SECONDS,
    STATUSES,
    RequestError,
    field_of,
    incomplete_request,
    problem_details,
)

INTERNAL = "The server failed. This is no fault of the request; the failure is in its log."

logger = logging.getLogger(__name__)


class ProblemSerializer(serializers.Serializer[Any]):
    """What is wrong, and what to do about it."""

    type = serializers.CharField(help_text="Always about:blank: `code` says more.")
    title = serializers.CharField(help_text="The HTTP status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for users.")
    code = serializers.CharField(help_text="Stable: programs may rely on it.")
    field = serializers.CharField(required=False, help_text="The file or field concerned.")
    scope = serializers.CharField(required=False, help_text="With code `scope_missing`: the missing scope.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="What is wrong with each field: with code `invalid`, or where one field names an upload.",
    )


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """The problem response of any exception that a view raises."""
    fault = faults.installation_fault(error)
    if fault is not None and fault is not error:
        logger.error("installation fault: %s", fault.code, exc_info=error)
        error = fault
    if isinstance(error, UnreadablePostError):
        error = incomplete_request()
    if isinstance(error, InputError | RequestError):
        data = problem_details(STATUSES[error.code], error.code, error.message)
        if field := field_of(error):
            data["field"] = field
        if isinstance(error, RequestError) and error.field is not None:
            data["errors"] = {error.field: [error.message]}
        answer = _answer(data)
        if error.code in RETRY_SECONDS:
            answer["Retry-After"] = RETRY_SECONDS[error.code]
        return answer
    if isinstance(error, RequestDataTooBig):
        return _problem(413, Code.TOO_LARGE, "The request is too large. Send less at once.")
    if isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError("The request cannot be read. Check how it is put together.")
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is nothing here, or it is not yours.")
    response = default_handler(error, context)
    if response is None:
        logger.exception("%s failed", getattr(context.get("request"), "path", "a request"), exc_info=error)
        return _problem(500, "internal_error", INTERNAL)
    assert isinstance(error, exceptions.APIException)
    if isinstance(error, exceptions.ValidationError):
        errors = _by_field(error.detail)
        named = ", ".join(errors)
        data = problem_details(response.status_code, "invalid", f"The request is not valid: {named}.")
        response.data = {**data, "errors": errors}
    else:
        response.data = problem_details(response.status_code, str(error.get_codes()), str(error.detail))
        if isinstance(error, ScopeMissing):
            response.data["scope"] = error.scope
    response.content_type = PROBLEM_TYPE
    return response


def _problem(status: int, code: str, detail: str) -> Response:
    return _answer(problem_details(status, code, detail))


def _answer(data: dict[str, Any]) -> Response:
    response = Response(data, data["status"], content_type=PROBLEM_TYPE)
    response.reason_phrase = data["title"]
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = KEYWORD
    return response


def _by_field(detail: Any) -> dict[str, list[str]]:
    if isinstance(detail, dict):
        return {str(name): [str(message) for message in messages] for name, messages in detail.items()}
    return {"request": [str(each) for each in detail]}
