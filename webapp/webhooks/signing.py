"""Webhook secrets and signatures (Standard Webhooks 1.0, symmetric: HMAC-SHA256)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.fernet import InvalidToken

from webapp.core.encryption import fernet

PREFIX = "whsec_"
SECRET_BYTES = 32
PURPOSE = b"emotrace webhook secrets"


class SecretLostError(Exception):
    """The secret was encrypted under another SECRET_KEY."""


def generate_secret() -> str:
    """A new random secret, with the standard prefix."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def encrypt(secret: str) -> str:
    """The secret as stored: reading the table is not enough to sign."""
    return fernet(PURPOSE).encrypt(secret.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """The stored secret. Raises SecretLostError."""
    try:
        return fernet(PURPOSE).decrypt(ciphertext).decode()
    except InvalidToken:
        raise SecretLostError from None


def signatures(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature, with one signature per secret."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
