"""Removes a lost second factor."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.accounts import services
from webapp.accounts.management.commands._user import get_user


class Command(BaseCommand):
    help = "Remove a user's second factor and recovery codes. Verify first that the user asks for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        if not services.reset_mfa(user=get_user(username)):
            raise CommandError(f"{username} has no second factor.")
        self.stdout.write(f"{username} logs in with the password alone from now on.")
