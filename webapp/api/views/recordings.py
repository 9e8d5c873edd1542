"""Recordings: sending, listing, changing, erasing, reading again."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import exceptions, generics
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.analyses import services
from webapp.analyses.filters import RecordingFilter
from webapp.analyses.models import Analysis
from webapp.api.pagination import Pages
from webapp.api.serializers.analyses import AnalysisSerializer, RerunSerializer
from webapp.api.serializers.recordings import (
    ChangeSerializer,
    CreatedSerializer,
    RecordingSerializer,
    StateSerializer,
    UploadSerializer,
)
from webapp.api.views.base import person
from webapp.recordings import organization, selectors
from webapp.recordings.models import Recording
from webapp.recordings.upload_slots import require_capacity, upload_slot

KEY, KEY_CHARACTERS = "Idempotency-Key", 255


def _mine(request: Request) -> QuerySet[Recording]:
    analyses = Prefetch("analyses", Analysis.objects.order_by("-created_at"))
    return selectors.recordings_of(person(request)).prefetch_related(analyses)


def _was_kept(request: Request) -> bool:
    """Whether this is a repeated request whose recording has its room already."""
    key = request.headers.get(KEY)
    return bool(key) and person(request).recordings.filter(idempotency_key=key).exists()


@extend_schema_view(get=extend_schema(operation_id="recordings_list", summary="One's recordings"))
class Recordings(generics.ListAPIView[Recording]):
    queryset = Recording.objects.none()
    serializer_class = RecordingSerializer
    parser_classes = [MultiPartParser, FormParser]
    pagination_class = Pages
    filterset_class = RecordingFilter
    ordering_fields = ["created_at", "duration_s", "title"]
    ordering = "-created_at"

    def get_queryset(self) -> QuerySet[Recording]:
        return _mine(self.request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and not _was_kept(request):
            require_capacity(owner=person(request), request=request._request)

    @extend_schema(
        operation_id="recordings_create",
        summary="Send a recording and have it read",
        request={"multipart/form-data": UploadSerializer, "application/x-www-form-urlencoded": UploadSerializer},
        responses={201: CreatedSerializer},
        parameters=[
            OpenApiParameter(
                KEY,
                str,
                OpenApiParameter.HEADER,
                description="The same request with the same key is done once, however often it is sent.",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        key = request.headers.get(KEY) or None
        if key is not None and len(key) > KEY_CHARACTERS:
            raise exceptions.ValidationError({KEY: [f"At most {KEY_CHARACTERS} characters."]})
        with upload_slot(owner=person(request), request=request._request):
            data = request.data
        form = UploadSerializer(data=data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        analysis = services.submit(
            owner=person(request),
            new=form.new_recording(idempotency_key=key),
            model=form.validated_data.get("model"),
        )
        recording = RecordingSerializer(_mine(request).get(pk=analysis.recording_id)).data
        return Response({**recording, "analysis": StateSerializer(analysis).data}, status=201)


@extend_schema_view(
    get=extend_schema(operation_id="recordings_retrieve", summary="One recording"),
    delete=extend_schema(operation_id="recordings_destroy", summary="Erase it with everything derived from it"),
)
class OneRecording(generics.RetrieveDestroyAPIView[Recording]):
    queryset = Recording.objects.none()
    serializer_class = RecordingSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet[Recording]:
        return _mine(self.request)

    @extend_schema(
        operation_id="recordings_partial_update",
        summary="Change its title, project or tags",
        request=ChangeSerializer,
        responses=RecordingSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        recording = self.get_object()
        form = ChangeSerializer(recording, data=request.data, partial=True, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        organization.update_recording(recording=recording, **form.validated_data)
        return Response(RecordingSerializer(self.get_object()).data)

    def perform_destroy(self, instance: Recording) -> None:
        services.erase(recording=instance, by=person(self.request))


class Rerun(generics.GenericAPIView[Recording]):
    queryset = Recording.objects.none()
    serializer_class = RerunSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet[Recording]:
        return _mine(self.request)

    @extend_schema(
        operation_id="recordings_analyses_create",
        summary="Read it again, with another model",
        request=RerunSerializer,
        responses={201: AnalysisSerializer},
    )
    def post(self, request: Request, **_: Any) -> Response:
        recording = self.get_object()
        form = self.get_serializer(data=request.data)
        form.is_valid(raise_exception=True)
        analysis = services.rerun(recording=recording, model=form.validated_data.get("model"))
        return Response(AnalysisSerializer(analysis).data, status=201)
