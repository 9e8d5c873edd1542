"""The own account: usage and deletion."""

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts.models import Scope
from webapp.analyses.privacy.account_deletion import delete_account
from webapp.api.serializers.account import AccountSerializer, DeletionSerializer
from webapp.api.views.auth import WrongCredentials, authenticate_user
from webapp.api.views.base import current_user


class AccountView(APIView):
    @extend_schema(
        operation_id="account_retrieve", summary="Retrieve the account and its quotas", responses=AccountSerializer
    )
    def get(self, request: Request) -> Response:
        return Response(AccountSerializer(current_user(request)).data)


class AccountDeletionView(APIView):
    scope = Scope.ACCOUNT

    @extend_schema(
        operation_id="account_delete",
        summary="Delete the account with all its data",
        description="Needs the name and the password besides the token. From the answer on no token is valid, and "
        "nothing is shared any more. 202: some recordings are left, which are erased without further calls.",
        request=DeletionSerializer,
        responses={202: DeletionSerializer, 204: None},
    )
    def post(self, request: Request) -> Response:
        form = DeletionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        if authenticate_user(request, **form.validated_data) != current_user(request):
            raise WrongCredentials
        deletion = delete_account(user=current_user(request))
        left = deletion.remaining()
        if left is None:
            return Response(status=204)
        page = settings.PUBLIC_URL + reverse("pages:deletion-progress", args=[deletion.token()])
        going_on = {"recordings": deletion.recordings, "recordings_left": left, "page": page}
        return Response(DeletionSerializer(going_on).data, status=202)
