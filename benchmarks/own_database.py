"""Django on a database of its own, for benchmarks that measure the application in their process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_database(place: Path) -> Iterator[None]:
    """Set Django up on a PostgreSQL and a Redis that run meanwhile, migrated; all that is kept lies in `place`."""
    os.environ |= {"EMOTRACE_DATA_DIR": str(place), "DJANGO_SETTINGS_MODULE": "webapp.config.settings"}
    import django

    django.setup()
    from django.core.management import call_command

    from webapp.local import embedded
    from webapp.storage import media

    media.create_directories()
    with embedded.servers_running():
        call_command("migrate", verbosity=0)
        yield
