"""What the page of a link for participants sends. The link's secret in the address authorises it, and nothing else.

The requests belong to that page and are not part of the described interface.
"""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api import tus
from webapp.api.serializers.collection import CollectedSerializer
from webapp.api.views.uploads import TusView, UploadDetailView, created_response
from webapp.core.minute_limit import LINK_MISSES
from webapp.recordings.models import Upload
from webapp.studies import collection, selectors
from webapp.studies.models import CollectionSession


def _session(request: Request, secret: str, session: UUID) -> CollectionSession:
    """Raises Http404, RequestError(COLLECTION_CLOSED), and Throttled after too many wrong secrets."""
    if LINK_MISSES.reached(request._request):
        raise exceptions.Throttled(60)
    link = selectors.collection_link_by_secret(secret)
    if link is None:
        LINK_MISSES.count(request._request)
        raise Http404
    return selectors.session_by_link(link, session)


@extend_schema(exclude=True)
class CollectedUploadCreateView(TusView):
    authentication_classes = []
    permission_classes = []

    def post(self, request: Request, secret: str, session: UUID) -> Response:
        found = _session(request, secret, session)
        metadata, name = tus.metadata(request)
        upload = collection.begin_upload(session=found, length=tus.length(request), name=name, metadata=metadata)
        return created_response(upload, reverse("api:collection-upload", args=[secret, session, upload.pk]))


@extend_schema(exclude=True)
class CollectedUploadDetailView(UploadDetailView):
    authentication_classes = []
    permission_classes = []
    http_method_names = ["head", "patch", "options"]

    def get_upload(self, **where: Any) -> Upload:
        """The upload of the session alone."""
        found = _session(self.request, where["secret"], where["session"])
        if found.upload is None or found.upload_id != where["pk"]:
            raise Http404
        return found.upload


@extend_schema(exclude=True)
class CollectedRecordingView(APIView):
    authentication_classes = []
    permission_classes = []

    def post(self, request: Request, secret: str, session: UUID) -> Response:
        found = _session(request, secret, session)
        form = CollectedSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        collection.finish_session(session=found, **form.validated_data)
        return Response(status=201)
