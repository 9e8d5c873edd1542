"""Models in the store."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference import store
from webapp.api.serializers.models import ModelSerializer


class ModelListView(APIView):
    @extend_schema(
        operation_id="models_list", summary="List models with their metrics", responses=ModelSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        return Response([ModelSerializer(spec).data for spec in store.list_models()])
