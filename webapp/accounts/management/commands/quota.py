"""Shows and changes a user's quota."""

from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from webapp.accounts import selectors, services
from webapp.accounts.management.commands._user import get_user
from webapp.accounts.models import UNLIMITED
from webapp.core.quota import parse_amount

FIELDS = ("bytes", "minutes", "analyses")


def parse_own_quota(text: str) -> int | None:
    """Parse a user's own quota: None for `default`, UNLIMITED for `unlimited`."""
    if text == "default":
        return None
    try:
        found = parse_amount(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{error}, or default") from None
    return UNLIMITED if found is None else found


class Command(BaseCommand):
    help = "Show or change a user's quota: a number (50G, 600), `default` or `unlimited`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--bytes", type=parse_own_quota, metavar="AMOUNT", help="of what is sent and kept")
        parser.add_argument("--minutes", type=parse_own_quota, metavar="AMOUNT", help="of recording that are kept")
        parser.add_argument("--analyses", type=parse_own_quota, metavar="AMOUNT", help="that wait or run at once")
        parser.set_defaults(**dict.fromkeys(FIELDS, ...))  # options that are not given change nothing

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = get_user(username)
        changes = {name: options[name] for name in FIELDS if options[name] is not ...}
        services.set_quota(user=user, **changes)
        for name, number in asdict(selectors.quota_of(user)).items():
            whose = "" if getattr(user, f"quota_{name}") is None else " (their own)"
            self.stdout.write(f"{name}: {'unlimited' if number is None else number}{whose}")
