"""Recordings: create, list, update, erase, analyse again."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import exceptions, generics
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.api.pagination import StableCursorPagination
from webapp.api.serializers.analyses import AnalysisSerializer, RerunSerializer
from webapp.api.serializers.recordings import (
    AnalysisStateSerializer,
    NewRecordingSerializer,
    RecordingCreatedSerializer,
    RecordingSerializer,
    RecordingUpdatedSerializer,
    RecordingUpdateSerializer,
)
from webapp.api.views.base import current_user
from webapp.recordings import projects_and_tags, selectors
from webapp.recordings.models import Recording
from webapp.recordings.upload_slots import require_capacity, upload_slot
from webapp.studies.filters import StudyRecordingFilter

IDEMPOTENCY_KEY, KEY_MAX_LENGTH = "Idempotency-Key", 255


def _own_recordings(request: Request) -> QuerySet[Recording]:
    analyses = Prefetch("analyses", Analysis.objects.order_by("-created_at"))
    return selectors.recordings_of(current_user(request)).prefetch_related(analyses)


def _is_repeated(request: Request) -> bool:
    """Whether the request repeats one whose recording exists, and needs no space."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    return bool(key) and current_user(request).recordings.filter(idempotency_key=key).exists()


@extend_schema_view(get=extend_schema(operation_id="recordings_list", summary="List recordings"))
class RecordingListCreateView(generics.ListAPIView[Recording]):
    queryset = Recording.objects.none()
    serializer_class = RecordingSerializer
    parser_classes = [MultiPartParser, FormParser]
    pagination_class = StableCursorPagination
    filterset_class = StudyRecordingFilter
    ordering_fields = ["created_at", "duration_s", "title"]
    ordering = "-created_at"

    def get_queryset(self) -> QuerySet[Recording]:
        return _own_recordings(self.request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and not _is_repeated(request):
            require_capacity(owner=current_user(request), request=request._request)

    @extend_schema(
        operation_id="recordings_create",
        summary="Create a recording and analyse it",
        request={
            "multipart/form-data": NewRecordingSerializer,
            "application/x-www-form-urlencoded": NewRecordingSerializer,
        },
        responses={201: RecordingCreatedSerializer},
        parameters=[
            OpenApiParameter(
                IDEMPOTENCY_KEY,
                str,
                OpenApiParameter.HEADER,
                description="The same request with the same key is done once, however often it is sent.",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        key = request.headers.get(IDEMPOTENCY_KEY) or None
        if key is not None and len(key) > KEY_MAX_LENGTH:
            raise exceptions.ValidationError({IDEMPOTENCY_KEY: [f"At most {KEY_MAX_LENGTH} characters."]})
        with upload_slot(owner=current_user(request), request=request._request):
            data = request.data
        form = NewRecordingSerializer(data=data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        analysis = services.submit(
            owner=current_user(request),
            new=form.new_recording(idempotency_key=key),
            model=form.validated_data.get("model"),
        )
        recording = RecordingSerializer(_own_recordings(request).get(pk=analysis.recording_id)).data
        return Response({**recording, "analysis": AnalysisStateSerializer(analysis).data}, status=201)


@extend_schema_view(
    get=extend_schema(operation_id="recordings_retrieve", summary="Retrieve a recording"),
    delete=extend_schema(
        operation_id="recordings_destroy", summary="Erase a recording with everything derived from it"
    ),
)
class RecordingDetailView(generics.RetrieveDestroyAPIView[Recording]):
    queryset = Recording.objects.none()
    serializer_class = RecordingSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet[Recording]:
        return _own_recordings(self.request)

    @extend_schema(
        operation_id="recordings_partial_update",
        summary="Update title, project, participant or tags of a recording",
        description="A recording that leaves a project loses its participant, its values of variables, and the links "
        "from its markers to stimuli: `lost` says which.",
        request=RecordingUpdateSerializer,
        responses=RecordingUpdatedSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        recording = self.get_object()
        form = RecordingUpdateSerializer(
            recording, data=request.data, partial=True, context=self.get_serializer_context()
        )
        form.is_valid(raise_exception=True)
        losses = projects_and_tags.update_recording(recording=recording, **form.validated_data)
        return Response({**RecordingSerializer(self.get_object()).data, "lost": sorted(losses)})

    def perform_destroy(self, instance: Recording) -> None:
        services.erase(recording=instance, by=current_user(self.request))


class RerunView(generics.GenericAPIView[Recording]):
    queryset = Recording.objects.none()
    serializer_class = RerunSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet[Recording]:
        return _own_recordings(self.request)

    @extend_schema(
        operation_id="recordings_analyses_create",
        summary="Analyse a recording again",
        request=RerunSerializer,
        responses={201: AnalysisSerializer},
    )
    def post(self, request: Request, **_: Any) -> Response:
        recording = self.get_object()
        form = self.get_serializer(data=request.data)
        form.is_valid(raise_exception=True)
        analysis = services.rerun(recording=recording, model=form.validated_data.get("model"))
        return Response(AnalysisSerializer(analysis).data, status=201)
