"""Settings that make no sense together, found before anything starts."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from inference.sandbox import limits


@register
def check_settings(**_: Any) -> list[CheckMessage]:
    """Check that settings are consistent."""
    options = settings.S3
    found: list[CheckMessage] = []
    if not options["bucket_name"] and any(options.values()):
        found.append(
            Error("There are settings of S3 but no bucket.", hint="Set EMOTRACE_S3_BUCKET.", id="emotrace.E001")
        )
    if bool(options["access_key"]) != bool(options["secret_key"]):
        found.append(
            Error(
                "Of EMOTRACE_S3_ACCESS_KEY and EMOTRACE_S3_SECRET_KEY one is missing.",
                hint="Set both, or neither where the machine has a role.",
                id="emotrace.E002",
            )
        )
    if settings.TMP_BYTES is not None and settings.LIMITS.max_bytes > settings.TMP_BYTES:
        found.append(
            Error(
                "EMOTRACE_TMP_BYTES leaves no room for the largest file that may be sent.",
                hint="Raise it, or lower EMOTRACE_MAX_BYTES.",
                id="emotrace.E004",
            )
        )
    if settings.ENCRYPTION_KEYS and Path(settings.FILE_UPLOAD_TEMP_DIR).is_relative_to(settings.MEDIA_ROOT):
        found.append(
            Warning(
                "Media are encrypted, but temporary files are written to the same disk in plaintext.",
                hint="Let EMOTRACE_TMP_DIR name a folder in memory (tmpfs).",
                id="emotrace.W001",
            )
        )
    return found


@register
def check_sandbox(**_: Any) -> list[CheckMessage]:
    """Check that decoders can be confined."""
    try:
        limits.require_protections()
    except limits.SandboxError as error:
        return [Error(str(error), id="emotrace.E006")]
    if missing := limits.missing_protections():
        words = f"Uploaded files are read without {' and '.join(missing)}, as EMOTRACE_SANDBOX_WITHOUT allows."
        return [Warning(words, id="emotrace.W003")]
    return []


@register(deploy=True)
def check_mail(**_: Any) -> list[CheckMessage]:
    """Check that mailed links have a fixed base URL."""
    if not settings.SENDS_MAIL or settings.PUBLIC_URL:
        return []
    return [
        Warning(
            "Mailed links lead to whichever of ALLOWED_HOSTS a request names.",
            hint="Set EMOTRACE_PUBLIC_URL to the address that people know.",
            id="emotrace.W002",
        )
    ]
