"""The master keys of encrypted media, from the environment."""

import re

from django.core.exceptions import ImproperlyConfigured

KEY = re.compile(r"[0-9a-fA-F]{64}")


def read_keys(text: str) -> tuple[bytes, ...]:
    """Parse keys of 64 hexadecimal digits, separated by commas or line breaks.

    Raises ImproperlyConfigured, whose text quotes no key.
    """
    found = [each for each in re.split(r"[\s,]+", text) if each]
    for number, each in enumerate(found, 1):
        if not KEY.fullmatch(each):
            raise ImproperlyConfigured(
                f"Key {number} of EMOTRACE_ENCRYPTION_KEYS is not 64 hexadecimal digits (run openssl rand -hex 32)."
            )
    return tuple(bytes.fromhex(each) for each in found)
