"""Liveness of this process and readiness of the installation."""

import shutil
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from inference import store
from inference.model_spec import FusionSpec
from inference.sandbox.limits import require_protections
from webapp.core.redis_client import redis_client
from webapp.storage import media

PROBE_KEY = "emotrace:probe"


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process answers; no dependency is checked."""
    return JsonResponse({"alive": True})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200, or 503 with the names of the failing CHECKS, without their reasons."""
    failing = [name for name, well in check_results().items() if not well]
    return JsonResponse({"ready": not failing, "failing": failing}, status=503 if failing else 200)


def check_results() -> dict[str, bool]:
    """Whether each of CHECKS passes."""
    return {name: _passes(check) for name, check in CHECKS.items()}


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # Drivers raise many types; any of them is a failed check.
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _models() -> bool:
    """Both defaults, which every reading begins with, and what they are joined of; finding one checks its weights."""
    for with_eeg in (False, True):
        model = store.resolve(None, with_eeg=with_eeg)
        for role in model.spec.members if isinstance(model.spec, FusionSpec) else ():
            store.get_member(model, role)
    return True


def _disk() -> bool:
    return bool(shutil.disk_usage(settings.MEDIA_ROOT).free >= settings.DISK_RESERVE_BYTES)


def _storage() -> bool:
    """Whether uploads, temporary files and stored files can be written."""
    media.check()
    return True


def _redis() -> bool:
    """Whether it accepts writes: a full server still answers."""
    redis_client().set(PROBE_KEY, "", ex=60)
    redis_client().delete(PROBE_KEY)
    return True


def _sandbox() -> bool:
    """Whether decoders can be confined as the settings require."""
    require_protections()
    return True


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "redis": _redis,
    "migrations": _migrations,
    "models": _models,
    "disk": _disk,
    "sandbox": _sandbox,
    "storage": _storage,
}
