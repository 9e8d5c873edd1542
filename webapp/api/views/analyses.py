"""Analyses: state, timelines, files."""

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference.export import WRITERS
from webapp.analyses import etags, permissions, selectors, services
from webapp.analyses.downloads import responses
from webapp.analyses.models import Analysis, Segment, WindowScore
from webapp.api.filters import AnalysisFilter, SegmentFilter
from webapp.api.pagination import ChronologicalPagination, StableCursorPagination
from webapp.api.serializers.analyses import (
    AnalysisSerializer,
    FacesSerializer,
    SegmentSearchSerializer,
    SegmentSerializer,
    WindowSerializer,
)
from webapp.api.views.base import IgnoreAcceptNegotiation, current_user
from webapp.core.conditional import respond_if_changed
from webapp.core.errors import RequestError, WebCode

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="An earlier ETag: the answer is 304 if it is the same."
)
NOT_MODIFIED = OpenApiResponse(description="The same as the client has.")
Row = TypeVar("Row", Segment, WindowScore)
RANGE = OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="Such as bytes=0-1023.")


@extend_schema_view(get=extend_schema(operation_id="analyses_list", summary="List analyses"))
class AnalysisListView(generics.ListAPIView[Analysis]):
    queryset = Analysis.objects.none()
    serializer_class = AnalysisSerializer
    pagination_class = StableCursorPagination
    filterset_class = AnalysisFilter
    ordering_fields = ["created_at", "status", "model_name", "label"]
    ordering = "-created_at"

    def get_queryset(self) -> QuerySet[Analysis]:
        return selectors.analyses_of(current_user(self.request))


class AnalysisDetailView(APIView):
    @extend_schema(
        operation_id="analyses_retrieve",
        summary="Retrieve an analysis",
        parameters=[IF_NONE_MATCH],
        responses={200: AnalysisSerializer, 304: NOT_MODIFIED},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        analysis = permissions.access_for(current_user(request), pk).analysis
        return respond_if_changed(
            request._request, etags.state_etag(analysis), lambda: Response(AnalysisSerializer(analysis).data)
        )


class AnalysisCancelView(APIView):
    @extend_schema(
        operation_id="analyses_cancel", summary="Cancel an analysis", request=None, responses={200: AnalysisSerializer}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        analysis = selectors.analysis_for(current_user(request), pk)
        if not services.cancel(analysis=analysis) and analysis.status != Analysis.Status.CANCELLED:
            raise RequestError(WebCode.ALREADY_OVER, f"The analysis has {analysis.status} already.")
        return Response(AnalysisSerializer(analysis).data)


class TimelineListView(generics.ListAPIView[Row]):
    """A list of rows of one timeline in order."""

    pagination_class = ChronologicalPagination
    filter_backends = []

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        self.analysis = self.accessible_analysis()
        etag = etags.timeline_etag(self.analysis, request.build_absolute_uri())
        return respond_if_changed(request._request, etag, lambda: super(TimelineListView, self).list(request))

    def accessible_analysis(self) -> Analysis:
        """The analysis of the address. Raises Http404."""
        return permissions.access_for(current_user(self.request), self.kwargs["pk"]).analysis


@extend_schema_view(
    get=extend_schema(
        operation_id="analyses_segments_list",
        summary="List the segments of the timeline",
        parameters=[IF_NONE_MATCH],
        responses={200: SegmentSerializer(many=True), 304: NOT_MODIFIED},
    )
)
class SegmentListView(TimelineListView[Segment]):
    queryset = Segment.objects.none()
    serializer_class = SegmentSerializer

    def get_queryset(self) -> QuerySet[Segment]:
        return self.analysis.segments.select_related("analysis")

    def get_serializer_context(self) -> dict[str, Any]:
        """With the baseline, where one is marked."""
        return {**super().get_serializer_context(), "baseline": selectors.baseline_log_odds(self.analysis)}


@extend_schema_view(
    get=extend_schema(
        operation_id="analyses_windows_list",
        summary="List the windows with their scores",
        parameters=[IF_NONE_MATCH],
        responses={200: WindowSerializer(many=True), 304: NOT_MODIFIED},
    )
)
class WindowListView(TimelineListView[WindowScore]):
    queryset = WindowScore.objects.none()
    serializer_class = WindowSerializer

    def accessible_analysis(self) -> Analysis:
        """The analysis of the address. Raises Http404, RequestError(VIEW_ONLY)."""
        return permissions.access_for(current_user(self.request), self.kwargs["pk"]).require_download()

    def get_queryset(self) -> QuerySet[WindowScore]:
        return self.analysis.windows.all()


class FacesView(APIView):
    @extend_schema(
        operation_id="analyses_faces",
        summary="Retrieve the positions of the face",
        parameters=[IF_NONE_MATCH],
        responses={200: FacesSerializer, 304: NOT_MODIFIED},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        analysis = permissions.access_for(current_user(request), pk).analysis
        etag = etags.timeline_etag(analysis, request.build_absolute_uri())
        return respond_if_changed(request._request, etag, lambda: Response(responses.faces(analysis)))


@extend_schema_view(get=extend_schema(operation_id="segments_list", summary="Search the segments of all timelines"))
class SegmentSearchView(generics.ListAPIView[Segment]):
    queryset = Segment.objects.none()
    serializer_class = SegmentSearchSerializer
    pagination_class = StableCursorPagination
    filterset_class = SegmentFilter
    ordering_fields = ["id", "confidence", "duration_s"]
    ordering = "-id"

    def get_queryset(self) -> QuerySet[Segment]:
        return selectors.segments_of(current_user(self.request))


class LabelledVideoView(APIView):
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="analyses_video",
        summary="Download the labelled video",
        parameters=[RANGE],
        responses={(200, "video/mp4"): OpenApiTypes.BINARY, (206, "video/mp4"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        access = permissions.access_for(current_user(request), pk)
        if request.auth is not None:  # pages play the video, programs download it
            access.require_download()
        return responses.video(request._request, access)


class ChaptersView(APIView):
    cost = "export"
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="analyses_chapters",
        summary="Download the original video with the timeline as chapters and subtitles",
        description="Picture and sound are the original's, not coded again; Matroska where an MP4 does not take them.",
        parameters=[RANGE],
        responses={
            (status, kind): OpenApiTypes.BINARY for status in (200, 206) for kind in responses.VIDEO_TYPES.values()
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        return responses.chapters(request._request, permissions.access_for(current_user(request), pk))


class ExportView(APIView):
    cost = "export"
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="analyses_export",
        summary="Export the timeline as a file",
        parameters=[OpenApiParameter("format", str, OpenApiParameter.PATH, enum=sorted(WRITERS)), IF_NONE_MATCH],
        responses={(200, writer.content_type): OpenApiTypes.BINARY for writer in WRITERS.values()}
        | {304: NOT_MODIFIED},
    )
    def get(self, request: Request, pk: UUID, format: str) -> HttpResponseBase:
        access = permissions.access_for(current_user(request), pk)
        access.require_download()
        etag = etags.export_etag(access, format)
        return respond_if_changed(request._request, etag, lambda: responses.export(access, format))
