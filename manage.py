#!/usr/bin/env python
"""Emotrace's administrative commands. `manage.py serve` runs everything in the foreground."""

import os
import sys

# These need no server, so they start none.
WITHOUT_SERVERS = {"check", "demo", "help", "makemessages", "compilemessages", "serve", "spectacular", "version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
    from django.core.management import execute_from_command_line

    if len(sys.argv) < 2 or sys.argv[1] in WITHOUT_SERVERS or sys.argv[1].startswith("-"):
        execute_from_command_line(sys.argv)
        return
    from webapp.core.embedded import EmbeddedError, attached

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
