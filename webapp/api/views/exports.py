"""Exports of several analyses at once."""

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request

from inference.export import WRITERS
from webapp.analyses import selectors
from webapp.analyses.downloads.archive import analyses_archive, require_known_formats, zip_response
from webapp.analyses.models import Analysis
from webapp.api.filters import ExportFilter
from webapp.api.serializers.exports import ExportsSerializer
from webapp.api.views.base import IgnoreAcceptNegotiation, current_user
from webapp.core.errors import RequestError, WebCode


class ExportArchiveView(generics.GenericAPIView[Analysis]):
    queryset = Analysis.objects.none()
    cost = "export"
    content_negotiation_class = IgnoreAcceptNegotiation
    filter_backends = [DjangoFilterBackend]
    filterset_class = ExportFilter

    def get_queryset(self) -> QuerySet[Analysis]:
        return selectors.analyses_of(current_user(self.request))

    @extend_schema(
        operation_id="exports",
        summary="Export many timelines as one zip file",
        description="Of each recording one timeline among the analyses that match, in a folder of its own: the one "
        "that a person corrected last, or where none is corrected, the latest. `manifest.csv` says which.",
        filters=True,
        parameters=[ExportsSerializer],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        query = ExportsSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        # HTML forms repeat the parameter; programs send comma-separated values.
        named = ",".join(request.query_params.getlist("formats"))
        formats = list(dict.fromkeys(name.strip() for name in named.split(",") if name.strip())) or list(WRITERS)
        require_known_formats(formats)
        analyses = selectors.analyses_to_export(self.filter_queryset(self.get_queryset()))
        if not analyses:
            raise RequestError(
                WebCode.NOTHING_TO_EXPORT,
                "No recording of yours that matches has a timeline. Ask for others, or later.",
            )
        chunks = analyses_archive(current_user(request), analyses, formats, with_video=query.validated_data["video"])
        return zip_response(chunks)
