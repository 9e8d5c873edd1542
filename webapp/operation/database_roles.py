"""The application's unprivileged database role, where another role owns the tables.

It reads and writes rows and cannot change tables; in the audit log it can only insert.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction
from psycopg2 import sql

from webapp.audit.models import Entry

READ_ONLY = ("django_migrations",)
APPEND_ONLY = (Entry._meta.db_table,)


def grant_after_migrations(**_: Any) -> None:
    """Grant settings.DATABASE_ROLE its rights after each migration, which may have created tables."""
    if settings.DATABASE_ROLE:
        grant(role=settings.DATABASE_ROLE, password=settings.DATABASE_ROLE_PASSWORD)


def grant(*, role: str, password: str = "") -> None:
    """Grant `role` its rights; with a password it is created where it is missing. Raises CommandError."""
    name = sql.Identifier(role)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR pg_has_role(pg_roles.oid, relowner, 'MEMBER') FROM pg_roles, pg_class"
            " WHERE rolname = %s AND pg_class.oid = %s::regclass",
            [role, Entry._meta.db_table],
        )
        found = cursor.fetchone()
        if found and found[0]:
            raise CommandError(f"{role} owns the tables, or may do as if: name another role in EMOTRACE_DATABASE_ROLE")
        if not (found or password):
            raise CommandError(f"There is no role {role}: make it, or set EMOTRACE_DATABASE_ROLE_PASSWORD")
        if password:
            verb = "ALTER" if found else "CREATE"
            how = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD"
            _execute(
                cursor, verb + " ROLE {role} WITH " + how + " {password}", role=name, password=sql.Literal(password)
            )
        _execute(cursor, "GRANT USAGE ON SCHEMA public TO {role}", role=name)
        _execute(cursor, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}", role=name)
        _execute(cursor, "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}", role=name)
        for table in (*READ_ONLY, *APPEND_ONLY):
            _execute(cursor, "REVOKE ALL ON {table} FROM {role}", role=name, table=sql.Identifier(table))
            _execute(cursor, "GRANT SELECT ON {table} TO {role}", role=name, table=sql.Identifier(table))
        for table in APPEND_ONLY:
            _execute(cursor, "GRANT INSERT ON {table} TO {role}", role=name, table=sql.Identifier(table))


def _execute(cursor: Any, statement: str, **names: sql.Composable) -> None:
    cursor.execute(sql.SQL(statement).format(**names))
