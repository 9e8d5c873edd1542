"""The neutral baseline of a timeline."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.analyses import permissions, selectors, services
from webapp.api.serializers.analyses import BaselineSerializer, BaselineSpanSerializer
from webapp.api.views.base import current_user


class BaselineView(APIView):
    @extend_schema(
        operation_id="analyses_baseline_retrieve",
        summary="Retrieve the neutral baseline",
        description="All fields are null where no span is marked.",
        responses={200: BaselineSerializer},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        analysis = permissions.access_for(current_user(request), pk).analysis
        return Response(BaselineSerializer(selectors.baseline(analysis)).data)

    @extend_schema(
        operation_id="analyses_baseline_update",
        summary="Mark a span in which the person is neutral",
        description="It replaces an earlier one. Exports then have probabilities relative to it beside the model's. A "
        "span that cannot be used is refused: `baseline_range`, `baseline_short` or `baseline_undetermined`.",
        request=BaselineSpanSerializer,
        responses={200: BaselineSerializer},
    )
    def put(self, request: Request, pk: UUID) -> Response:
        analysis = selectors.analysis_for(current_user(request), pk)
        form = BaselineSpanSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        saved = services.save_baseline(analysis=analysis, by=current_user(request), **form.validated_data)
        return Response(BaselineSerializer(saved).data)

    @extend_schema(
        operation_id="analyses_baseline_destroy", summary="Remove the neutral baseline", responses={204: None}
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        analysis = selectors.analysis_for(current_user(request), pk)
        services.remove_baseline(analysis=analysis, by=current_user(request))
        return Response(status=204)
