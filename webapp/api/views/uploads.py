"""Resumable uploads over the tus protocol."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference import eeg
from webapp.accounts.models import Scope
from webapp.api import tus
from webapp.api.serializers.uploads import EegOutlineSerializer
from webapp.api.views.base import IgnoreAcceptNegotiation, current_user
from webapp.core.bodies import TUS_CONTENT_TYPE
from webapp.core.errors import STATUSES, WebCode
from webapp.recordings import selectors, uploads
from webapp.recordings.check_slots import check_slot
from webapp.recordings.models import Upload
from webapp.recordings.upload_slots import upload_slot
from webapp.storage import media


def _request_header(name: str, description: str, kind: type = str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=required, description=description)


def _response_header(name: str, description: str, kind: type = str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, response=True, description=description)


RESUMABLE = OpenApiParameter("Tus-Resumable", str, OpenApiParameter.HEADER, required=True, enum=[tus.VERSION])
OFFSET = _response_header("Upload-Offset", "Bytes received so far.", int)
LENGTH = _response_header("Upload-Length", "Bytes of the file.", int)
METADATA = _response_header("Upload-Metadata", "As it was sent, if it was.")
EXPIRES = _response_header("Upload-Expires", "When the upload expires unless it is continued.")


class TusView(APIView):
    """Base of the tus views. HEAD needs the scope of uploading."""

    scope = Scope.WRITE
    content_negotiation_class = IgnoreAcceptNegotiation

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # For clients limited to GET and POST; permissions see the overridden method.
        if override := request.headers.get("X-HTTP-Method-Override"):
            request.method = override.upper()
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS":
            tus.require_version(request)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Tus-Resumable"] = tus.VERSION
        answer["Cache-Control"] = "no-store"
        if answer.status_code == STATUSES[WebCode.TUS_VERSION]:
            answer["Tus-Version"] = tus.VERSION
        return answer

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return Response(
            status=204,
            headers={
                "Tus-Version": tus.VERSION,
                "Tus-Extension": tus.EXTENSIONS,
                "Tus-Max-Size": str(settings.LIMITS.max_bytes),
                "Tus-Checksum-Algorithm": ",".join(uploads.ALGORITHMS),
            },
        )


class UploadCreateView(TusView):
    @extend_schema(
        operation_id="uploads_create",
        summary="Create a resumable upload",
        description=f"The tus protocol, version {tus.VERSION}, with the extensions {tus.EXTENSIONS}.",
        request=None,
        responses={201: None},
        parameters=[
            RESUMABLE,
            _request_header("Upload-Length", "Bytes of the file.", int, required=True),
            _request_header("Upload-Metadata", "Such as `filename dmlzaXQubXA0`: the name in Base64."),
            _response_header("Location", "The upload's own address; its last part is the id that recordings/ takes."),
            EXPIRES,
        ],
    )
    def post(self, request: Request) -> Response:
        metadata, name = tus.metadata(request)
        upload = uploads.create(owner=current_user(request), length=tus.length(request), name=name, metadata=metadata)
        return created_response(upload, reverse("api:upload", args=[upload.pk]))


class UploadDetailView(TusView):
    cost = "part"

    def get_upload(self, **where: Any) -> Upload:
        """The upload that the request may see, by the arguments of its URL. Raises Http404."""
        return selectors.upload_for(current_user(self.request), where["pk"])

    @extend_schema(
        operation_id="uploads_offset",
        summary="Get the offset of an upload",
        description="Where to continue after a lost connection.",
        request=None,
        responses={200: None},
        parameters=[RESUMABLE, OFFSET, LENGTH, METADATA, EXPIRES],
    )
    def head(self, request: Request, **where: Any) -> Response:
        upload = self.get_upload(**where)
        headers = {"Upload-Length": str(upload.length), **_state(upload)}
        if upload.metadata:
            headers["Upload-Metadata"] = upload.metadata
        return Response(headers=headers)

    @extend_schema(
        operation_id="uploads_append",
        summary="Append a part to an upload",
        description="HEAD on this URL returns the offset to continue at after a lost connection.",
        request={TUS_CONTENT_TYPE: OpenApiTypes.BINARY},
        responses={204: None},
        parameters=[
            RESUMABLE,
            _request_header("Upload-Offset", "Bytes sent before this part.", int, required=True),
            _request_header("Upload-Checksum", "`sha1` or `sha256` and the part's digest in Base64."),
            OFFSET,
            EXPIRES,
        ],
    )
    def patch(self, request: Request, **where: Any) -> Response:
        upload = self.get_upload(**where)
        tus.require_content_type(request)
        with upload_slot(owner=upload.owner, request=request._request):
            uploads.append(
                upload=upload,
                offset=tus.offset(request),
                size=tus.size(request),
                source=request._request,
                checksum=tus.checksum(request),
            )
        return Response(status=204, headers=_state(upload))

    @extend_schema(
        operation_id="uploads_destroy",
        summary="Delete an upload",
        description="Deletes the received bytes, too.",
        request=None,
        responses={204: None},
        parameters=[RESUMABLE],
    )
    def delete(self, request: Request, **where: Any) -> Response:
        uploads.terminate(upload=self.get_upload(**where))
        return Response(status=204)


class EegOutlineView(APIView):
    scope = Scope.WRITE

    @extend_schema(operation_id="uploads_eeg", summary="Inspect an uploaded MAT file", responses=EegOutlineSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        upload = selectors.upload_for(current_user(request), pk)
        uploads.require_finished(upload)
        with media.scratch_dir() as directory:
            media.copy_partial(upload.path, directory / "eeg.mat")
            with check_slot(owner=current_user(request)):
                outline = eeg.read_outline(directory / "eeg.mat")
            return Response(EegOutlineSerializer(outline).data)


def created_response(upload: Upload, url: str) -> Response:
    """The response to the creation of an upload; `url` is relative, because proxies may change scheme and host."""
    return Response(status=201, headers={"Location": url, "Upload-Expires": _expires(upload)})


def _state(upload: Upload) -> dict[str, str]:
    return {"Upload-Offset": str(upload.offset), "Upload-Expires": _expires(upload)}


def _expires(upload: Upload) -> str:
    return http_date(upload.expires_at.timestamp())
