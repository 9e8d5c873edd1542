#!/usr/bin/env python
"""Emotrace's administrative commands. `manage.py serve` runs everything in the foreground."""

import os
import sys

# These need no server, so they start none.
WITHOUT_DATA = {"demo", "help", "makemessages", "compilemessages", "spectacular", "version"}
WITHOUT_SERVERS = WITHOUT_DATA | {"check", "serve"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
    from django.core.management import execute_from_command_line

    from webapp.local.embedded import EmbeddedError, attached, running

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command not in WITHOUT_DATA and (warning := running.warning()):
        sys.stderr.write(f"{warning}\n")
    if command in WITHOUT_SERVERS or command.startswith("-"):
        execute_from_command_line(sys.argv)
        return
    try:
        with attached():
            execute_from_command_line(sys.argv)
    except EmbeddedError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
