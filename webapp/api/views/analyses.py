"""Analyses: their state, their timelines, their files."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference.errors import Code, InputError
from inference.export import WRITERS, report
from webapp.analyses import selectors, services
from webapp.analyses.archive import check
from webapp.analyses.models import Analysis, Segment, WindowScore
from webapp.api.filters import AnalysisFilter, SegmentFilter
from webapp.api.pagination import InTime, Pages
from webapp.api.serializers import (
    DECIMALS,
    AnalysisSerializer,
    FacesSerializer,
    FoundSegmentSerializer,
    SegmentSerializer,
    WindowSerializer,
)
from webapp.api.views.base import AsItIs, person
from webapp.core import media
from webapp.core.problems import RequestError, WebCode

RANGE = OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="Such as bytes=0-1023.")
# A file that a browser could show as a page of ours runs nothing, sends nothing and fetches nothing.
INERT = f"sandbox; {report.POLICY}"
VIDEO_TYPES = {".mp4": "video/mp4", ".mkv": "video/matroska"}


@extend_schema_view(get=extend_schema(operation_id="analyses_list", summary="Past predictions"))
class Analyses(generics.ListAPIView[Analysis]):
    queryset = Analysis.objects.none()
    serializer_class = AnalysisSerializer
    pagination_class = Pages
    filterset_class = AnalysisFilter
    ordering_fields = ["created_at", "status", "model_name", "label"]
    ordering = "-created_at"

    def get_queryset(self) -> QuerySet[Analysis]:
        return selectors.analyses_of(person(self.request))


@extend_schema_view(get=extend_schema(operation_id="analyses_retrieve", summary="State, progress and summary"))
class OneAnalysis(generics.RetrieveAPIView[Analysis]):
    queryset = Analysis.objects.none()
    serializer_class = AnalysisSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet[Analysis]:
        return selectors.analyses_of(person(self.request))


class Cancel(APIView):
    @extend_schema(operation_id="analyses_cancel", summary="Stop it", request=None, responses={200: AnalysisSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        analysis = selectors.analysis_for(person(request), pk)
        if not services.cancel(analysis=analysis) and analysis.status != Analysis.Status.CANCELLED:
            raise RequestError(WebCode.ALREADY_OVER, f"The analysis has {analysis.status} already.")
        return Response(AnalysisSerializer(analysis).data)


@extend_schema_view(get=extend_schema(operation_id="analyses_segments_list", summary="The timeline"))
class Segments(generics.ListAPIView[Segment]):
    queryset = Segment.objects.none()
    serializer_class = SegmentSerializer
    pagination_class = InTime
    filter_backends = []

    def get_queryset(self) -> QuerySet[Segment]:
        analysis = selectors.analysis_for(person(self.request), self.kwargs["pk"])
        return analysis.segments.select_related("analysis")


@extend_schema_view(get=extend_schema(operation_id="analyses_windows_list", summary="The scores under the timeline"))
class Windows(generics.ListAPIView[WindowScore]):
    queryset = WindowScore.objects.none()
    serializer_class = WindowSerializer
    pagination_class = InTime
    filter_backends = []

    def get_queryset(self) -> QuerySet[WindowScore]:
        return selectors.analysis_for(person(self.request), self.kwargs["pk"]).windows.all()


class Faces(APIView):
    @extend_schema(operation_id="analyses_faces", summary="Where the face was", responses={200: FacesSerializer})
    def get(self, request: Request, pk: UUID) -> Response:
        analysis = selectors.analysis_for(person(request), pk)
        if analysis.timeline_at is None:
            raise RequestError(WebCode.NOT_READY, "No face is looked for yet. Ask again when there is a timeline.")
        faces = selectors.face_track(analysis)
        if faces is None:
            raise RequestError(
                WebCode.FACES_NOT_KEPT, "This was read before the places of faces were kept. Have it read again."
            )
        size = {"width": analysis.recording.width, "height": analysis.recording.height}
        return Response({"step_s": round(faces.step_s, DECIMALS), **size, "boxes": faces.found})


@extend_schema_view(get=extend_schema(operation_id="segments_list", summary="Segments across all past predictions"))
class FoundSegments(generics.ListAPIView[Segment]):
    queryset = Segment.objects.none()
    serializer_class = FoundSegmentSerializer
    pagination_class = Pages
    filterset_class = SegmentFilter
    ordering_fields = ["id", "confidence", "duration_s"]
    ordering = "-id"

    def get_queryset(self) -> QuerySet[Segment]:
        return selectors.segments_of(person(self.request))


class Video(APIView):
    content_negotiation_class = AsItIs

    @extend_schema(
        operation_id="analyses_video",
        summary="The labelled video",
        parameters=[RANGE],
        responses={(200, "video/mp4"): OpenApiTypes.BINARY, (206, "video/mp4"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        analysis = selectors.analysis_for(person(request), pk)
        video = selectors.labelled_video(analysis)
        if video is None:
            raise RequestError(
                WebCode.NOT_READY, "There is no labelled video yet. Ask again when the analysis succeeded."
            )
        return media.serve(request._request, video.path, "video/mp4")


class Chapters(APIView):
    cost = "export"
    content_negotiation_class = AsItIs

    @extend_schema(
        operation_id="analyses_chapters",
        summary="The original video with the timeline as chapters and subtitles",
        description="Picture and sound are the original's, not coded again; Matroska where an MP4 does not take them.",
        parameters=[RANGE],
        responses={(status, kind): OpenApiTypes.BINARY for status in (200, 206) for kind in VIDEO_TYPES.values()},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        analysis = selectors.analysis_for(person(request), pk)
        artifact = selectors.video_with_chapters(analysis)
        if artifact is None and analysis.status in Analysis.OPEN:
            raise RequestError(WebCode.NOT_READY, "It is made with the labelled video. Ask again in a moment.")
        if artifact is None:
            raise InputError(
                Code.NOT_COPYABLE,
                "There is no video with chapters of this analysis: it did not succeed, an earlier version made it, or "
                "the original's tracks cannot be copied as they are. Have the recording read again, or save it as "
                "H.264 MP4 first.",
            )
        made = artifact.path
        name = f"{slugify(analysis.recording.title) or 'recording'}-chapters{made.suffix}"
        return media.serve(request._request, made, VIDEO_TYPES[made.suffix], name)


class Export(APIView):
    cost = "export"
    content_negotiation_class = AsItIs

    @extend_schema(
        operation_id="analyses_export",
        summary="The timeline as a file for other tools",
        parameters=[OpenApiParameter("format", str, OpenApiParameter.PATH, enum=sorted(WRITERS))],
        responses={(200, writer.content_type): OpenApiTypes.BINARY for writer in WRITERS.values()},
    )
    def get(self, request: Request, pk: UUID, format: str) -> HttpResponse:
        analysis = selectors.analysis_for(person(request), pk)
        check([format])
        writer = WRITERS[format]
        response = HttpResponse(selectors.export(analysis, format), content_type=writer.content_type)
        name = f"{slugify(analysis.recording.title) or 'recording'}.{writer.extension}"
        response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
        response["Content-Security-Policy"] = INERT
        return response
