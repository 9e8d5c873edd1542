"""Reading webhooks. Every query takes the requesting user; none is unscoped."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from webapp.accounts.models import User
from webapp.webhooks.models import AllowedNetwork, Delivery, Endpoint


def allowed_networks() -> list[IPv4Network | IPv6Network]:
    """Private networks that webhooks may reach. Queried for every attempt."""
    return [ip_network(each.network) for each in AllowedNetwork.objects.order_by("pk")]


def endpoints_of(user: User) -> QuerySet[Endpoint]:
    """The user's endpoints, newest first."""
    return user.webhooks.order_by("-created_at")


def endpoint_for(user: User, pk: UUID) -> Endpoint:
    """The user's endpoint `pk`. Raises Http404 if it does not exist or belongs to another user."""
    return get_object_or_404(endpoints_of(user), pk=pk)


def deliveries_of(endpoint: Endpoint) -> QuerySet[Delivery]:
    """The endpoint's recent deliveries, newest first."""
    return endpoint.deliveries.order_by("-created_at")


def delivery_for(user: User, endpoint: UUID, pk: UUID) -> Delivery:
    """One of the user's deliveries. Raises Http404."""
    return get_object_or_404(
        Delivery.objects.select_related("endpoint"), pk=pk, endpoint=endpoint, endpoint__owner=user
    )
