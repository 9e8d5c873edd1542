"""Writes the whole installation to a directory, while it runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.errors import RequestError
from webapp.operation.backup import BackupError, backup
from webapp.operation.postgres import PostgresError


class Command(BaseCommand):
    help = (
        "Write database and files to a directory that is new or empty. Exit status 1: not done; 3: done, with losses."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", type=Path, metavar="TARGET")

    def handle(self, *args: Any, target: Path, **options: Any) -> None:
        try:
            found = backup(target)
        except (BackupError, PostgresError, RequestError) as error:
            raise CommandError(str(error)) from None
        size = sum(each["bytes"] for each in found.files.values())
        self.stdout.write(f"{target} holds the database and {len(found.files) - 1} files, {size / 1e6:.1f} MB.")
        lost = {"missing": found.missing, "not what was received": found.damaged}
        said = [f"{what}: {name}" for what, names in lost.items() for name in names]
        if said:
            raise CommandError("The installation has lost files.\n" + "\n".join(said), returncode=3)
