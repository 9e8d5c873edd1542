"""Shows the audit log."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from webapp.accounts.management.commands._user import get_user
from webapp.audit import selectors
from webapp.audit.models import Action, Entry

LATEST = 100


class Command(BaseCommand):
    help = "Show who did what, the latest last: time, action, by whom, whose, what, in which request."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", help="what this person did, and what concerns them")
        parser.add_argument("--action", choices=Action.values, help="this alone")
        parser.add_argument("--latest", type=int, default=LATEST, metavar="NUMBER", help=f"so many ({LATEST})")

    def handle(self, *args: Any, username: str | None, action: str | None, latest: int, **options: Any) -> None:
        found = selectors.entries_about(get_user(username).pk) if username else selectors.entries()
        if action:
            found = found.filter(action=action)
        for entry in reversed(found[: max(latest, 0)]):
            self.stdout.write(_line(entry))


def _line(entry: Entry) -> str:
    by = f"link {entry.link_id}" if entry.link_id else _known(entry.actor_id)
    thing = f"{entry.kind} {entry.object_id}".strip()
    return "  ".join(
        [
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            f"{entry.action:18}",
            f"by {by}",
            f"of {_known(entry.owner_id)}",
            thing or "-",
            entry.request_id or "-",
        ]
    )


def _known(user_id: int | None) -> str:
    return "-" if user_id is None else str(user_id)
