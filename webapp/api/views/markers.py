"""Stimuli of a project, markers and transcripts of recordings."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference.annotations.reader import AnnotationFormat
from webapp.api.pagination import StableCursorPagination
from webapp.api.serializers.markers import (
    MarkerImportSerializer,
    MarkerListSerializer,
    MarkerSerializer,
    MarkerUpdateSerializer,
    NewMarkerSerializer,
    StimulusSerializer,
    StimulusUpdateSerializer,
    TemplateSerializer,
    TranscriptImportSerializer,
    TranscriptSerializer,
    new_marker,
)
from webapp.api.views.base import IgnoreAcceptNegotiation, current_user
from webapp.recordings.models import Project, Recording
from webapp.recordings.selectors import project_for, recording_for
from webapp.recordings.upload_slots import require_capacity, upload_slot
from webapp.storage.range_response import serve
from webapp.studies import annotation_imports, markers, participants, permissions, selectors, stimuli, transcripts
from webapp.studies.models import Marker, Stimulus

IMPORTED = (
    "Where one does not fit, none is added; one that is there already is not added again. The kind is that of the file "
    "or the name of its tier; else a marker is a stimulus where the project has one of its name, else an event."
)


class RecordingPagination(StableCursorPagination):
    """Recording by recording, each by time."""

    ordering = "recording_id"

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """The recording, then the time in it."""
        recording, *others = super().get_ordering(request, queryset, view)
        return (recording, "start_s", "end_s", *others)


class PositionPagination(StableCursorPagination):
    """In the project's order."""

    ordering = "position"


@extend_schema_view(get=extend_schema(operation_id="stimuli_list", summary="List the stimuli of a project"))
class StimulusListCreateView(generics.ListAPIView[Stimulus]):
    queryset = Stimulus.objects.none()
    serializer_class = StimulusSerializer
    pagination_class = PositionPagination
    filter_backends = []

    def get_queryset(self) -> QuerySet[Stimulus]:
        access = permissions.project_access(current_user(self.request), self.kwargs["pk"])
        return selectors.stimuli_of(access.project).order_by()

    @extend_schema(
        operation_id="stimuli_create",
        summary="Create a stimulus",
        description="With its video, as file of a form or as finished upload, it is as long as that. Every browser has "
        "to play it, such as H.264 and AAC in MP4 or VP9 and Opus in WebM: any other is answered 415 with the code "
        "`not_playable`. A picture is written anew as PNG, without what a camera noted. Markers of its name in the "
        "project's recordings are linked to it. It is the last one in the order that participants see.",
        request={"application/json": StimulusSerializer, "multipart/form-data": StimulusSerializer},
        responses={201: StimulusSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        user = current_user(request)
        project = project_for(user, pk)
        require_capacity(owner=user, request=request._request)
        with upload_slot(owner=user, request=request._request):
            form = self.get_serializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        stimulus = stimuli.create_stimulus(
            project=project,
            by=user,
            name=data["name"],
            length_s=data.get("length_s"),
            video=data.get("video") or data.get("video_upload"),
            picture=data.get("picture"),
        )
        return Response(self.get_serializer(stimulus).data, status=201)


@extend_schema_view(
    patch=extend_schema(
        operation_id="stimuli_partial_update",
        summary="Change a stimulus",
        description="The stimuli between its old and its new position make room.",
        request=StimulusUpdateSerializer,
    ),
    delete=extend_schema(
        operation_id="stimuli_destroy", summary="Delete a stimulus with its file; its markers stay, with its name"
    ),
)
class StimulusDetailView(generics.RetrieveUpdateDestroyAPIView[Stimulus]):
    queryset = Stimulus.objects.none()
    serializer_class = StimulusSerializer
    http_method_names = ["patch", "delete", "head", "options"]
    filter_backends = []

    def get_object(self) -> Stimulus:
        return selectors.stimulus_for(current_user(self.request), self.kwargs["pk"])

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        stimulus = self.get_object()
        form = StimulusUpdateSerializer(stimulus, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        stimuli.update_stimulus(stimulus=stimulus, by=current_user(request), **form.validated_data)
        return Response(StimulusSerializer(stimulus).data)

    def perform_destroy(self, instance: Stimulus) -> None:
        stimuli.delete_stimulus(stimulus=instance, by=current_user(self.request))


class StimulusVideoView(APIView):
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="stimuli_video",
        summary="Play the video of a stimulus",
        responses={(200, "video/mp4"): OpenApiTypes.BINARY, (206, "video/mp4"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID, stimulus: UUID) -> HttpResponseBase:
        return _stimulus_file(request, pk, stimulus, Stimulus.Medium.VIDEO)


class StimulusPictureView(APIView):
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="stimuli_picture",
        summary="Retrieve the picture of a stimulus",
        responses={(200, "image/png"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID, stimulus: UUID) -> HttpResponseBase:
        return _stimulus_file(request, pk, stimulus, Stimulus.Medium.PICTURE)


def _stimulus_file(request: Request, project: UUID, pk: UUID, medium: Stimulus.Medium) -> HttpResponseBase:
    access = permissions.project_access(current_user(request), project)
    found = get_object_or_404(access.project.stimuli, pk=pk, medium=medium)
    return serve(request._request, found.key, found.content_type)


class RecordingMarkersView(APIView):
    @extend_schema(
        operation_id="recordings_markers_list",
        summary="List the markers of a recording by time",
        responses={200: MarkerSerializer(many=True)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        recording = permissions.recording_access(current_user(request), pk).recording
        return Response(MarkerSerializer(selectors.markers_on(recording), many=True).data)

    @extend_schema(
        operation_id="recordings_markers_create",
        summary="Add a marker to a recording",
        request=NewMarkerSerializer,
        responses={201: MarkerSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        user = current_user(request)
        recording = recording_for(user, pk)
        form = NewMarkerSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        (marker,) = markers.create_markers(
            by=user, source=markers.PERSON, markers={recording: [new_marker(form.validated_data)]}
        )
        return Response(MarkerSerializer(marker).data, status=201)

    @extend_schema(
        operation_id="recordings_markers_update",
        summary="Replace all markers of a recording",
        description="Markers that are there already stay.",
        request=MarkerListSerializer,
        responses={200: MarkerSerializer(many=True)},
    )
    def put(self, request: Request, pk: UUID) -> Response:
        user = current_user(request)
        recording = recording_for(user, pk)
        with upload_slot(owner=user, request=request._request):
            form = MarkerListSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        saved = markers.replace_markers(
            recording=recording, by=user, markers=[new_marker(data) for data in form.validated_data["markers"]]
        )
        return Response(MarkerSerializer(saved, many=True).data)


@extend_schema_view(
    patch=extend_schema(
        operation_id="markers_partial_update", summary="Change a marker", request=MarkerUpdateSerializer
    ),
    delete=extend_schema(operation_id="markers_destroy", summary="Delete a marker"),
)
class MarkerDetailView(generics.RetrieveUpdateDestroyAPIView[Marker]):
    queryset = Marker.objects.none()
    serializer_class = MarkerSerializer
    http_method_names = ["patch", "delete", "head", "options"]
    filter_backends = []

    def get_object(self) -> Marker:
        return selectors.marker_for(current_user(self.request), self.kwargs["pk"])

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        marker = self.get_object()
        form = MarkerUpdateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        markers.update_marker(marker=marker, by=current_user(request), **form.validated_data)
        return Response(MarkerSerializer(marker).data)

    def perform_destroy(self, instance: Marker) -> None:
        markers.delete_marker(marker=instance, by=current_user(self.request))


@extend_schema_view(
    get=extend_schema(operation_id="projects_markers_list", summary="List the markers of a project's recordings")
)
class ProjectMarkersView(generics.ListAPIView[Marker]):
    queryset = Marker.objects.none()
    serializer_class = MarkerSerializer
    pagination_class = RecordingPagination
    filter_backends = []

    def get_queryset(self) -> QuerySet[Marker]:
        access = permissions.project_access(current_user(self.request), self.kwargs["pk"])
        return selectors.markers_of(access.project).order_by()

    @extend_schema(
        operation_id="projects_markers_create",
        summary="Add the same markers to many recordings of a project",
        description="Where one does not fit into a recording, none is added to any.",
        request=TemplateSerializer,
        responses={201: MarkerSerializer(many=True)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        user = current_user(request)
        project = project_for(user, pk)
        form = TemplateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        found = Recording.objects.filter(project=project).select_related("owner").in_bulk(data["recordings"])
        participants.require_all(found, data["recordings"])
        created = markers.apply_template(
            recordings=list(found.values()),
            by=user,
            template=[new_marker(each) for each in data["markers"]],
            anchor=data["anchor"],
        )
        return Response(MarkerSerializer(created, many=True).data, status=201)


class RecordingMarkersImportView(APIView):
    @extend_schema(
        operation_id="recordings_markers_import",
        summary="Add the markers of a file to a recording",
        description=IMPORTED,
        request={"multipart/form-data": MarkerImportSerializer},
        responses={201: MarkerSerializer(many=True)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        return _import_markers(request, recording_for(current_user(request), pk))


class ProjectMarkersImportView(APIView):
    @extend_schema(
        operation_id="projects_markers_import",
        summary="Add the markers of a file to recordings of a project",
        description=f"{IMPORTED} The column `recording` of a CSV file names each row's recording by its title, id or "
        "file.",
        request={"multipart/form-data": MarkerImportSerializer},
        responses={201: MarkerSerializer(many=True)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        return _import_markers(request, project_for(current_user(request), pk))


class TranscriptImportView(APIView):
    @extend_schema(
        operation_id="recordings_transcript_import",
        summary="Replace the transcript of a recording by that of a file",
        request={"multipart/form-data": TranscriptImportSerializer},
        responses={200: TranscriptSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        recording = recording_for(current_user(request), pk)
        data = _form(request, TranscriptImportSerializer)
        saved = annotation_imports.import_transcript(
            recording=recording, by=current_user(request), file=data["file"], name=_format(data)
        )
        return Response(TranscriptSerializer({"lines": saved}).data)


def _import_markers(request: Request, target: Recording | Project) -> Response:
    data = _form(request, MarkerImportSerializer)
    imported = annotation_imports.import_markers(
        target=target,
        by=current_user(request),
        file=data["file"],
        name=_format(data),
        zero_stream=data["zero_stream"],
        zero_s=data.get("zero_s"),
    )
    return Response(MarkerSerializer(imported.added, many=True).data, status=201)


def _form(request: Request, serializer: type[serializers.Serializer[Any]]) -> Any:
    """The valid data of a form with a file."""
    user = current_user(request)
    require_capacity(owner=user, request=request._request)
    with upload_slot(owner=user, request=request._request):
        form = serializer(data=request.data)
    form.is_valid(raise_exception=True)
    return form.validated_data


def _format(data: dict[str, Any]) -> AnnotationFormat | None:
    return AnnotationFormat(data["format"]) if "format" in data else None


class TranscriptView(APIView):
    @extend_schema(
        operation_id="recordings_transcript_retrieve",
        summary="Retrieve the transcript of a recording",
        responses={200: TranscriptSerializer},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        recording = permissions.recording_access(current_user(request), pk).recording
        return Response(TranscriptSerializer({"lines": selectors.transcript_of(recording)}).data)

    @extend_schema(
        operation_id="recordings_transcript_update",
        summary="Replace the transcript of a recording",
        request=TranscriptSerializer,
        responses={200: TranscriptSerializer},
    )
    def put(self, request: Request, pk: UUID) -> Response:
        user = current_user(request)
        recording = recording_for(user, pk)
        with upload_slot(owner=user, request=request._request):
            form = TranscriptSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        saved = transcripts.replace_transcript(recording=recording, by=user, lines=form.new_lines())
        return Response(TranscriptSerializer({"lines": saved}).data)

    @extend_schema(
        operation_id="recordings_transcript_destroy",
        summary="Delete the transcript of a recording",
        responses={204: None},
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        recording = recording_for(current_user(request), pk)
        transcripts.replace_transcript(recording=recording, by=current_user(request), lines=[])
        return Response(status=204)
