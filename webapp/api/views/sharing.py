"""Shares of own recordings, and recordings shared by others."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts.models import Scope
from webapp.analyses.models import Analysis
from webapp.api.pagination import NewestFirstPagination
from webapp.api.serializers.sharing import (
    NewShareSerializer,
    ShareCreatedSerializer,
    SharedRecordingSerializer,
    ShareSerializer,
)
from webapp.api.views.base import current_user
from webapp.recordings import permissions, sharing
from webapp.recordings.models import Recording, Share


@extend_schema_view(get=extend_schema(operation_id="shares_list", summary="List own shares"))
class ShareListCreateView(generics.ListAPIView[Share]):
    scope = Scope.ACCOUNT
    queryset = Share.objects.none()
    serializer_class = ShareSerializer
    pagination_class = NewestFirstPagination
    filter_backends = []

    def get_queryset(self) -> QuerySet[Share]:
        return permissions.shares_of(current_user(self.request))

    @extend_schema(
        operation_id="shares_create",
        summary="Share a recording or a project with a user or through a link",
        description="With `username` it is shared with that user until it is revoked, without it a link is created.",
        request=NewShareSerializer,
        responses={201: ShareCreatedSerializer},
    )
    def post(self, request: Request) -> Response:
        form = NewShareSerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        data = form.validated_data
        options: dict[str, Any] = {
            "target": form.target,
            "consented": data["consent"],
            "note": data["note"],
            "may_download": data["may_download"],
        }
        if "username" in data:
            share, path = sharing.share_with_user(username=data["username"], **options), None
        else:
            share, secret = sharing.create_link(expires_at=form.expires_at_moment, **options)
            path = reverse("pages:link", args=[secret])
        return Response({**ShareSerializer(share).data, "path": path}, status=201)


class ShareDetailView(APIView):
    scope = Scope.ACCOUNT

    @extend_schema(operation_id="shares_destroy", summary="Revoke a share at once", responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        sharing.revoke(share=permissions.share_for(current_user(request), pk))
        return Response(status=204)


@extend_schema_view(
    get=extend_schema(
        operation_id="shared_list",
        summary="List recordings shared by others",
        description="Each analysis is read at its own address under `analyses/`. Changing anything answers 404, taking "
        "files away 403 `view_only` unless the owner allows it.",
    )
)
class SharedWithMeView(generics.ListAPIView[Recording]):
    queryset = Recording.objects.none()
    serializer_class = SharedRecordingSerializer
    pagination_class = NewestFirstPagination
    filter_backends = []

    def get_queryset(self) -> QuerySet[Recording]:
        analyses = Prefetch("analyses", Analysis.objects.order_by("-created_at"))
        return permissions.shared_with(current_user(self.request)).prefetch_related(analyses)
