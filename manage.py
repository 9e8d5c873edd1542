#!/usr/bin/env python
"""Emotrace's administrative commands. `manage.py serve` runs everything in the foreground."""

import os
import sys

# These need neither data nor servers.
WITHOUT_DATA = {"collectstatic", "demo", "help", "makemessages", "compilemessages", "spectacular", "version"}
WITHOUT_SERVERS = WITHOUT_DATA | {"check", "serve"}


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from webapp.core.deprecated import current_command
    from webapp.local.embedded import EmbeddedError, running, servers_running
    from webapp.storage import media

    settings.INSTALLED_APPS  # noqa: B018  reads the settings, before anything starts
    command, *arguments = sys.argv[1:] or ["help"]
    command = current_command(command)
    if command not in WITHOUT_DATA and (warning := running.default_dir_warning()):
        sys.stderr.write(f"{warning}\n")
    argv = [sys.argv[0], command, *arguments]
    if command in WITHOUT_SERVERS or command.startswith("-"):
        execute_from_command_line(argv)
        return
    try:
        with servers_running():
            media.create_directories()
            execute_from_command_line(argv)
    except EmbeddedError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
