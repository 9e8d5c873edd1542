"""Names of the previous release that this one still accepts."""

import warnings
from collections.abc import MutableMapping

SETTINGS = {
    "EMOTRACE_SCRATCH": "EMOTRACE_TMP_DIR",
    "EMOTRACE_SCRATCH_BYTES": "EMOTRACE_TMP_BYTES",
    "EMOTRACE_PROXIES": "EMOTRACE_TRUSTED_PROXY_COUNT",
    "EMOTRACE_MEDIA_KEYS": "EMOTRACE_ENCRYPTION_KEYS",
    "EMOTRACE_UPLOAD_SECONDS": "EMOTRACE_UPLOAD_TTL_SECONDS",
    "EMOTRACE_MEDIA_INTERNAL": "EMOTRACE_X_ACCEL_PREFIX",
    "EMOTRACE_WEBHOOKS_PRIVATE": "EMOTRACE_WEBHOOKS_ALLOW_PRIVATE",
}
COMMANDS = {"adduser": "create_account", "removesecondfactor": "reset_mfa", "seal_media": "encrypt_media"}


def accept_old_names(environment: MutableMapping[str, str]) -> None:
    """Set the present names of settings that the environment gives under former ones, which a warning names."""
    for old, new in SETTINGS.items():
        for suffix in ("", "_FILE"):
            value = environment.get(old + suffix)
            if value is not None and not {new, f"{new}_FILE"} & environment.keys():
                environment[new + suffix] = value
                _warn(old + suffix, new + suffix)


def current_command(name: str) -> str:
    """The present name of a management command; a warning names it where `name` is a former one."""
    if name in COMMANDS:
        _warn(name, COMMANDS[name])
    return COMMANDS.get(name, name)


def _warn(old: str, new: str) -> None:
    # FutureWarning, unlike DeprecationWarning, is shown to operators by default.
    warnings.warn(f"{old} is now called {new}; the next release does not accept the former name.", FutureWarning, 3)
