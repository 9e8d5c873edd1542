"""The application's own settings, on servers and files that last for one run of the tests."""

import os
import tempfile

# The test process makes the directory; the processes that it starts find it in their environment.
os.environ.setdefault("EMOTRACE_VAR", tempfile.mkdtemp(prefix="emotrace-tests-"))

from webapp.config.settings import *  # noqa: F403

# Argon2 is slow by design, and nobody attacks these passwords.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# All tests come from one address.
ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip"}

# A connection that a server's thread kept open would hold the test database back from being removed.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
