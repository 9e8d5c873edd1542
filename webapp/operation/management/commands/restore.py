"""Brings a backup into a new installation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.errors import RequestError
from webapp.operation.backup import BackupError
from webapp.operation.postgres import PostgresError
from webapp.operation.restore import restore


class Command(BaseCommand):
    help = "Bring what `backup` wrote into an installation without accounts, and migrate it to this release."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="SOURCE")

    def handle(self, *args: Any, source: Path, **options: Any) -> None:
        try:
            files = restore(source)
        except (BackupError, PostgresError, RequestError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The database and {files} files of {source} are here, every one as it was backed up.")
