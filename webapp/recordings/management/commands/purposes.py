"""Lists and changes the purposes that are allowed on this server."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from webapp.recordings import purposes
from webapp.recordings.models import Purpose


class Command(BaseCommand):
    help = "List which purposes of recordings are allowed here, after allowing or forbidding some."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name in ("allow", "forbid"):
            parser.add_argument(f"--{name}", nargs="+", default=[], choices=Purpose.values, metavar="PURPOSE")

    def handle(self, *args: Any, allow: list[str], forbid: list[str], **options: Any) -> None:
        for name in allow:
            purposes.set_rule(purpose=Purpose(name), allowed=True)
        for name in forbid:
            purposes.set_rule(purpose=Purpose(name), allowed=False)
        forbidden = purposes.forbidden()
        for purpose in Purpose:
            state = "forbidden" if purpose in forbidden else "allowed"
            self.stdout.write(f"{state:9}  {purpose.value}: {purpose.label}")
