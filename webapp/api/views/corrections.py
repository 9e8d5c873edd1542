"""Corrected timelines, beside the predicted ones."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.analyses import permissions, selectors, services
from webapp.api.serializers.analyses import CarryOverSerializer, CorrectionsSerializer, RevisionSerializer
from webapp.api.views.base import current_user
from webapp.recordings.upload_slots import upload_slot


class CorrectionsView(APIView):
    @extend_schema(
        operation_id="analyses_corrections_retrieve",
        summary="Retrieve the corrected timeline",
        responses={200: CorrectionsSerializer},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        analysis = permissions.access_for(current_user(request), pk).analysis
        return Response(CorrectionsSerializer(selectors.corrections(analysis)).data)

    @extend_schema(
        operation_id="analyses_corrections_update",
        summary="Save a corrected timeline",
        description="All of it at once. Where it was changed since `revision`, this is refused: `revision_conflict`.",
        request=CorrectionsSerializer,
        responses={200: CorrectionsSerializer},
    )
    def put(self, request: Request, pk: UUID) -> Response:
        analysis = selectors.analysis_for(current_user(request), pk)
        with upload_slot(owner=current_user(request), request=request._request):
            data = request.data
        form = CorrectionsSerializer(data=data)
        form.is_valid(raise_exception=True)
        saved = services.save_corrections(
            analysis=analysis,
            by=current_user(request),
            revision=form.validated_data["revision"],
            segments=form.corrections(),
        )
        return Response(CorrectionsSerializer(saved).data)

    @extend_schema(
        operation_id="analyses_corrections_destroy",
        summary="Delete the corrections",
        parameters=[RevisionSerializer],
        responses={204: None},
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        analysis = selectors.analysis_for(current_user(request), pk)
        query = RevisionSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        services.remove_corrections(
            analysis=analysis, by=current_user(request), revision=query.validated_data["revision"]
        )
        return Response(status=204)


class CarryOverView(APIView):
    @extend_schema(
        operation_id="analyses_corrections_carry_over",
        summary="Copy the corrections of another analysis",
        description="They replace those of this analysis. Where its model does not know a label of theirs, this is "
        "refused: `correction_label`. Where they were changed since `revision`: `revision_conflict`.",
        request=CarryOverSerializer,
        responses={200: CorrectionsSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        analysis = selectors.analysis_for(current_user(request), pk)
        form = CarryOverSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        saved = services.carry_over(
            analysis=analysis,
            source=selectors.analysis_for(current_user(request), form.validated_data["source"]),
            by=current_user(request),
            revision=form.validated_data["revision"],
        )
        return Response(CorrectionsSerializer(saved).data)
