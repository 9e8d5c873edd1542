"""The test database: it need not survive a crash of the machine, and is emptied without rewriting its files."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase

from webapp.audit.models import Entry

FASTER = ("fsync", "full_page_writes")
# Migrations fill these, and no test changes them.
KEPT = {model._meta.db_table for model in (ContentType, Permission)}


def disable_sync(sockets: Path) -> None:
    """Do not wait for the disk: what a server that is killed has committed is in the system's cache."""
    with closing(psycopg2.connect(host=str(sockets), user="postgres", dbname="postgres")) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            for setting in FASTER:
                cursor.execute(f"ALTER SYSTEM SET {setting} = off")
            cursor.execute("SELECT pg_reload_conf()")


def prepare() -> None:
    """Empty tables by `empty_tables` after each test that commits."""
    with connection.cursor() as cursor:  # the audit log's triggers refuse to forget anything
        cursor.execute(f"ALTER TABLE {Entry._meta.db_table} DISABLE TRIGGER audit_no_truncate")
    TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]


def empty_tables(_: Any) -> None:
    """Delete all rows, once nobody writes any more.

    Django's own `flush` takes ten times as long: TRUNCATE makes new files for every table and index, and the
    permissions are made again.
    """
    tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
    lock = ", ".join(sorted(tables))
    deletions = "; ".join(f"DELETE FROM {table}" for table in sorted(tables - {Entry._meta.db_table}))  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no foreign keys: the order does not matter
        cursor.execute(f"LOCK TABLE {lock} IN EXCLUSIVE MODE")
        cursor.execute(f"{deletions}; TRUNCATE {Entry._meta.db_table}")
