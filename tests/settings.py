"""The application's own settings, on servers and files that last for one run of the tests."""

import os
import tempfile

# Each test process makes a directory of its own; the processes that it starts find it in their environment.
mark = f"emotrace-tests-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}-"
if mark not in os.environ.get("EMOTRACE_DATA_DIR", ""):
    os.environ["EMOTRACE_DATA_DIR"] = tempfile.mkdtemp(prefix=mark)

from webapp.config.settings import *  # noqa: E402, F403

for directory in (MEDIA_ROOT, MEDIA_ROOT / "incoming"):  # noqa: F405
    directory.mkdir(mode=0o700, exist_ok=True)

# Argon2 is slow by design, and nobody attacks these passwords.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# All tests come from one address.
ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip"}

# It makes and drops databases and roles; what the tests start on servers of its own connects as the lesser one.
DATABASES["default"]["USER"] = "postgres"  # noqa: F405

# A connection that a server's thread kept open would hold the test database back from being removed.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405

# The live server of pytest-django serves static files only of the app by this name.
INSTALLED_APPS = [
    "django.contrib.staticfiles" if app.endswith(".OwnStaticFilesConfig") else app
    for app in INSTALLED_APPS  # noqa: F405
]

# Each test client would search the folders of static files anew, and few ask for one.
WHITENOISE_AUTOREFRESH = True
