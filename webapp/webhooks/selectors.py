"""Reading webhooks. Whoever asks says for whom: there is no other way to one."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from webapp.accounts.models import User
from webapp.webhooks.models import AllowedNetwork, Delivery, Endpoint


def allowed_networks() -> list[IPv4Network | IPv6Network]:
    """The networks that webhooks may reach besides public addresses. Asked anew for each attempt."""
    return [ip_network(each.network) for each in AllowedNetwork.objects.order_by("pk")]


def endpoints_of(user: User) -> QuerySet[Endpoint]:
    """The user's endpoints, newest first."""
    return user.webhooks.order_by("-created_at")


def endpoint_for(user: User, pk: UUID) -> Endpoint:
    """The user's endpoint `pk`. Raises Http404, for somebody else's as for one that does not exist."""
    return get_object_or_404(endpoints_of(user), pk=pk)


def deliveries_of(endpoint: Endpoint) -> QuerySet[Delivery]:
    """What was sent there of late, newest first."""
    return endpoint.deliveries.order_by("-created_at")


def delivery_for(user: User, endpoint: UUID, pk: UUID) -> Delivery:
    """One of the user's deliveries. Raises Http404."""
    return get_object_or_404(
        Delivery.objects.select_related("endpoint"), pk=pk, endpoint=endpoint, endpoint__owner=user
    )
