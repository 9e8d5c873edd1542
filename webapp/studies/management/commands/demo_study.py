"""Creates the demonstration study."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inference.errors import InputError
from webapp.accounts.management.commands._user import get_user
from webapp.core.errors import RequestError
from webapp.studies.demonstration import study


class Command(BaseCommand):
    help = (
        f"Create a project of {study.PARTICIPANTS} simulated participants in two conditions from the sample recording."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="whose project it will be")
        parser.add_argument("--seed", type=int, default=study.SEED, help="of the simulation (default: %(default)s)")

    def handle(self, *args: Any, username: str, seed: int, **options: Any) -> None:
        try:
            project = study.create_demonstration(owner=get_user(username), seed=seed)
        except (RequestError, InputError) as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"“{project.name}” is among the projects of {username}, with seed {seed}.")
