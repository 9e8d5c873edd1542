"""Who one is, and what one may use."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.account import AccountSerializer
from webapp.api.views.base import person


class AccountView(APIView):
    @extend_schema(operation_id="account_retrieve", summary="One's account and quota", responses=AccountSerializer)
    def get(self, request: Request) -> Response:
        return Response(AccountSerializer(person(request)).data)
