"""Says and changes what somebody may use."""

from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from webapp.accounts import selectors, services
from webapp.accounts.management.commands._person import person
from webapp.accounts.models import UNLIMITED

NAMES = ("bytes", "minutes", "analyses")
UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
LARGEST = 2**63 - 1  # that the database takes


def amount(text: str) -> int | None:
    """A number, perhaps with one of UNITS; None for `default`, UNLIMITED for `unlimited`."""
    if text in ("default", "unlimited"):
        return None if text == "default" else UNLIMITED
    digits, unit = (text[:-1], UNITS[text[-1]]) if text[-1:] in UNITS else (text, 1)
    if not (digits.isascii() and digits.isdigit() and int(digits) * unit <= LARGEST):
        raise ArgumentTypeError(f"{text} is no amount: write 50G, 600, default or unlimited")
    return int(digits) * unit


class Command(BaseCommand):
    help = "Say what somebody may use, or change it: a number (50G, 600), `default` or `unlimited`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--bytes", type=amount, metavar="AMOUNT", help="of what is sent and kept")
        parser.add_argument("--minutes", type=amount, metavar="AMOUNT", help="of recording that are kept")
        parser.add_argument("--analyses", type=amount, metavar="AMOUNT", help="that wait or run at once")
        parser.set_defaults(**dict.fromkeys(NAMES, ...))  # what is not named stays

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = person(username)
        asked = {name: options[name] for name in NAMES if options[name] is not ...}
        services.set_quota(user=user, **asked)
        for name, number in asdict(selectors.quota_of(user)).items():
            own = "" if getattr(user, f"quota_{name}") is None else " (their own)"
            self.stdout.write(f"{name}: {'unlimited' if number is None else number}{own}")
