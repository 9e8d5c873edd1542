"""Webhooks and their deliveries."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts.models import Scope
from webapp.api.pagination import NewestFirstPagination
from webapp.api.serializers.webhooks import (
    DeliveryFilter,
    DeliverySerializer,
    SecretSerializer,
    WebhookCreatedSerializer,
    WebhookSerializer,
)
from webapp.api.views.base import current_user
from webapp.webhooks import selectors, services
from webapp.webhooks.models import Delivery, Endpoint


@extend_schema_view(get=extend_schema(operation_id="webhooks_list", summary="List webhooks"))
class WebhookListCreateView(generics.ListAPIView[Endpoint]):
    scope = Scope.ACCOUNT
    queryset = Endpoint.objects.none()
    serializer_class = WebhookSerializer
    pagination_class = NewestFirstPagination
    filter_backends = []

    def get_queryset(self) -> QuerySet[Endpoint]:
        return selectors.endpoints_of(current_user(self.request))

    @extend_schema(
        operation_id="webhooks_create",
        summary="Create a webhook",
        description="Messages are signed as specified by Standard Webhooks, with the secret that only this response "
        "contains.",
        request=WebhookCreatedSerializer,
        responses={201: WebhookCreatedSerializer},
    )
    def post(self, request: Request) -> Response:
        form = WebhookCreatedSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        endpoint, secret = services.create(owner=current_user(request), url=data["url"], events=data["events"])
        return Response({**WebhookSerializer(endpoint).data, "secret": secret}, status=201)


class WebhookDetailView(APIView):
    scope = Scope.ACCOUNT

    @extend_schema(operation_id="webhooks_retrieve", summary="Retrieve a webhook", responses=WebhookSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(WebhookSerializer(selectors.endpoint_for(current_user(request), pk)).data)

    @extend_schema(
        operation_id="webhooks_partial_update",
        summary="Update, enable or disable a webhook",
        request=WebhookSerializer(partial=True),
        responses=WebhookSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        endpoint = selectors.endpoint_for(current_user(request), pk)
        form = WebhookSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        services.update(endpoint=endpoint, **form.validated_data)
        return Response(WebhookSerializer(endpoint).data)

    @extend_schema(
        operation_id="webhooks_destroy", summary="Delete a webhook with its deliveries", responses={204: None}
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        services.delete(endpoint=selectors.endpoint_for(current_user(request), pk))
        return Response(status=204)


class WebhookSecretView(APIView):
    scope = Scope.ACCOUNT

    @extend_schema(
        operation_id="webhooks_secret_create",
        summary="Create a new secret",
        description="For 24 hours the previous secret also signs: every message then has two signatures.",
        request=None,
        responses=SecretSerializer,
    )
    def post(self, request: Request, pk: UUID) -> Response:
        endpoint = selectors.endpoint_for(current_user(request), pk)
        secret = services.rotate_secret(endpoint=endpoint)
        created = {"secret": secret, "old_secret_until": endpoint.old_secret_until}
        return Response(SecretSerializer(created).data)


class WebhookTestView(APIView):
    scope = Scope.ACCOUNT

    @extend_schema(
        operation_id="webhooks_test",
        summary="Send a test event",
        request=None,
        responses={202: DeliverySerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        delivery = services.send_test(endpoint=selectors.endpoint_for(current_user(request), pk))
        return Response(DeliverySerializer(delivery).data, status=202)


@extend_schema_view(
    get=extend_schema(operation_id="webhooks_deliveries_list", summary="List deliveries of the last 30 days")
)
class DeliveryListView(generics.ListAPIView[Delivery]):
    scope = Scope.ACCOUNT
    queryset = Delivery.objects.none()
    serializer_class = DeliverySerializer
    pagination_class = NewestFirstPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = DeliveryFilter

    def get_queryset(self) -> QuerySet[Delivery]:
        return selectors.deliveries_of(selectors.endpoint_for(current_user(self.request), self.kwargs["pk"]))


class DeliveryResendView(APIView):
    scope = Scope.ACCOUNT

    @extend_schema(
        operation_id="webhooks_deliveries_again",
        summary="Resend a delivery",
        request=None,
        responses={202: DeliverySerializer},
    )
    def post(self, request: Request, pk: UUID, delivery: UUID, **_: Any) -> Response:
        again = services.resend(delivery=selectors.delivery_for(current_user(request), pk, delivery))
        return Response(DeliverySerializer(again).data, status=202)
