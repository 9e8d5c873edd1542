"""The master keys of encrypted media, from the environment."""

import re

KEYS_EXPECTED = "keys of 64 hexadecimal digits (openssl rand -hex 32), separated by commas"
KEY = re.compile(r"[0-9a-fA-F]{64}")


def read_keys(text: str) -> tuple[bytes, ...]:
    """Parse keys of 64 hexadecimal digits, separated by commas or line breaks.

    Raises ValueError, whose text quotes no key.
    """
    found = [each for each in re.split(r"[\s,]+", text) if each]
    for number, each in enumerate(found, 1):
        if not KEY.fullmatch(each):
            raise ValueError(f"has something else as key {number}")
    return tuple(bytes.fromhex(each) for each in found)
