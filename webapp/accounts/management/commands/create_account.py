"""Creates an account."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from webapp.accounts import services


class Command(BaseCommand):
    help = "Create an account. Prints its temporary password, which the user replaces at the first login."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="", help="where a forgotten password can be replaced")
        parser.add_argument("--admin", action="store_true", help="an administrator")

    def handle(self, *args: Any, username: str, email: str, admin: bool, **options: Any) -> None:
        try:
            password = services.create_account(username=username, email=email, is_superuser=admin)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{username} may log in with the password {password} (shown this once).")
