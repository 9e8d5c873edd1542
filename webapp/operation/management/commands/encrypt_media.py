"""Encrypts stored media with the newest key."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webapp.core.errors import RequestError
from webapp.operation.media_encryption import encrypt_file, pending


class Command(BaseCommand):
    help = (
        "Seal with the newest key of EMOTRACE_ENCRYPTION_KEYS what is not, while people work. It can be broken off and "
        "begun again. Exit status 1: not done; 3: done but for the files that are named."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ENCRYPTION_KEYS:
            raise CommandError("There is no key: set EMOTRACE_ENCRYPTION_KEYS, for every process of the installation")
        done, failed = 0, []
        try:
            for each in pending():
                try:
                    done += encrypt_file(each)
                except RequestError as error:
                    failed.append(f"{error.code}: {each.name}")
        except RequestError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{done} files were encrypted with the newest key.")
        if failed:
            raise CommandError("These were not:\n" + "\n".join(failed), returncode=3)
