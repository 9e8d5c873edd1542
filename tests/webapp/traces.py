"""What is left of somebody or something: in every row, in every file and in everything that Redis keeps."""

import base64
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection

BODY = re.compile(rb'"body": ?"([^"]+)"')  # of a message in a queue, which holds it as base64


def of(marks: Collection[str], *roots: Path) -> list[str]:
    """The places, as table, file or key, that hold one of the marks, in whatever case. Folders below `roots` count."""
    wanted = [mark.lower().encode() for mark in marks]
    places = [*_rows(), *_sessions(), *_files(roots), *_keys()]
    return sorted({place for place, content in places if any(mark in content.lower() for mark in wanted)})


def rows() -> dict[str, list[str]]:
    """Every row of every table as text."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


def _rows() -> Iterator[tuple[str, bytes]]:
    for table, found in rows().items():
        yield from ((f"table {table}", row.encode()) for row in found)


def _sessions() -> Iterator[tuple[str, bytes]]:
    """What is in them is packed: no column shows it."""
    yield from (("table django_session", repr(session.get_decoded()).encode()) for session in Session.objects.all())


def _files(roots: Collection[Path]) -> Iterator[tuple[str, bytes]]:
    for path in (path for root in roots for path in root.rglob("*")):
        yield f"file {path}", str(path).encode()
        if path.is_file():
            yield f"file {path}", path.read_bytes()


def _keys() -> Iterator[tuple[str, bytes]]:
    server: Any = redis.Redis.from_url(settings.REDIS_URL)
    read = {
        b"string": server.get,
        b"hash": server.hgetall,
        b"list": lambda key: server.lrange(key, 0, -1),
        b"set": server.smembers,
        b"zset": lambda key: server.zrange(key, 0, -1, withscores=True),
    }
    for key in server.scan_iter():
        content = repr(read[server.type(key)](key)).encode() if server.exists(key) else b""
        yield f"key {key.decode()}", key
        yield f"key {key.decode()}", content
        yield from ((f"key {key.decode()}", base64.b64decode(body)) for body in BODY.findall(content))
