"""The one settings module. What differs between installations comes from the environment (see README)."""

import logging
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from kombu.entity import Queue
from redis.backoff import NoBackoff
from redis.retry import Retry

from inference.types import Limits
from webapp.core import paths
from webapp.core.quota import Quota, parse_amount
from webapp.observability import logs
from webapp.storage.keys import read_keys

# Where NAME_FILE names a file, the value of NAME is what that file holds.
env = environ.FileAwareEnv()

BASE_DIR = paths.PROJECT
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
VAR = paths.data_dir()
DEBUG = env.bool("EMOTRACE_DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="").strip() or paths.load_secret_key(VAR)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# As localhost it is asked by the checks that run beside it.
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=["127.0.0.1", "[::1]"]), "localhost"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "webapp.core",
    "webapp.local",
    "webapp.audit",
    "webapp.accounts",
    "webapp.recordings",
    "webapp.analyses",
    "webapp.webhooks",
    "webapp.api",
    "webapp.pages",
    "webapp.operation",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "bootstrap",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "webapp.core.middleware.RealIPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webapp.observability.middleware.RequestLogMiddleware",
    "webapp.core.middleware.NoStoreMiddleware",
    "csp.middleware.CSPMiddleware",
    "webapp.core.middleware.UnreadableRequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "webapp.core.middleware.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.pages.middleware.TemporaryPasswordMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [paths.PROJECT / "webapp" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

ROOT_URLCONF = "webapp.config.urls"
WSGI_APPLICATION = "webapp.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Servers of one's own, or the embedded ones.
DATABASES: dict[str, Any] = {"default": env.db("DATABASE_URL", default=paths.embedded_database_url(VAR))}
if password := env.str("DATABASE_PASSWORD", default="").strip():
    DATABASES["default"]["PASSWORD"] = password
# The lesser role as which the application connects, where `migrate` runs as the one that owns the tables.
DATABASE_ROLE = env.str("EMOTRACE_DATABASE_ROLE", default="")
DATABASE_ROLE_PASSWORD = env.str("EMOTRACE_DATABASE_ROLE_PASSWORD", default="").strip()
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# How long the database may work on one statement of a web process.
STATEMENT_SECONDS = env.int("EMOTRACE_STATEMENT_SECONDS", default=20)
REDIS_URL = env.str("REDIS_URL", default="") or paths.embedded_redis_url(VAR)
# One that does not answer must not hold whoever asks it.
REDIS_PATIENCE = {"socket_timeout": 3, "socket_connect_timeout": 3}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {**REDIS_PATIENCE, "retry": Retry(NoBackoff(), 1)},
    }
}

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AXES_HANDLER = "webapp.accounts.lockout.AccountLockoutHandler"
AXES_CLIENT_IP_CALLABLE = "webapp.core.middleware.client_network"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
ACCOUNT_FAILURE_LIMIT = 30  # for one name, from wherever
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "account_locked.html"
# Whether people may make accounts for themselves.
SIGNUP = env.bool("EMOTRACE_SIGNUP", default=False)
ACCOUNT_ADAPTER = "webapp.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "webapp.accounts.forms.LoginForm",
    "reset_password": "webapp.accounts.forms.ResetPasswordForm",
}
# Signing up does not tell whose address is known: several accounts may name one, and one of them can confirm it.
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Emotrace] "
ACCOUNT_EMAIL_CONFIRMATION_ANONYMOUS_REDIRECT_URL = "/login/"
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = "/account/"
ACCOUNT_CHANGE_EMAIL = True  # one address each, and the old one stays until the new one is confirmed
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # a session alone changes no address
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "webapp.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "webapp.accounts.forms.CodeForm",
    "reauthenticate": "webapp.accounts.forms.CodeAgainForm",
    "activate_totp": "webapp.accounts.forms.FirstCodeForm",
    "deactivate_totp": "webapp.accounts.forms.NoMoreCodesForm",
}
MFA_TOTP_ISSUER = "Emotrace"
MFA_TOTP_TOLERANCE = 1  # clocks of telephones and servers without a network differ
# Nobody is known by an e-mail address here, and an installation without a mail server could confirm none.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# What a person may use, unless `manage.py quota` says otherwise: a number, or `unlimited`.
QUOTA = Quota(
    bytes=parse_amount(env.str("EMOTRACE_QUOTA_BYTES", default="100G")),
    minutes=parse_amount(env.str("EMOTRACE_QUOTA_MINUTES", default="20k")),
    analyses=parse_amount(env.str("EMOTRACE_QUOTA_ANALYSES", default="1000")),
)

# Mail, such as smtp+tls://name:password@mail.example.org:587. Without a server, the pages offer nothing that needs one.
EMAIL_URL = env.str("EMAIL_URL", default="")
SENDS_MAIL = bool(EMAIL_URL)
ACCOUNT_EMAIL_VERIFICATION = "optional" if SENDS_MAIL else "none"
vars().update(env.email_url_config(EMAIL_URL or "dummymail://"))
DEFAULT_FROM_EMAIL = env.str("EMOTRACE_MAIL_FROM", default="emotrace@localhost")

# Browser security. Behind HTTPS, set EMOTRACE_HTTPS; the proxy must set X-Forwarded-Proto itself.
HTTPS = env.bool("EMOTRACE_HTTPS", default=False)
# How many proxies of one's own stand in front: what X-Forwarded-For says before them is anybody's word.
PROXIES = env.int("EMOTRACE_PROXIES", default=0)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# Neither the subdomains nor the browsers' list of a domain are the application's to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "emotrace_session"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap's own icons are data: URLs in its style sheet.
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# Files
STATIC_URL = "/static/"
STATICFILES_DIRS = [paths.PROJECT / "webapp" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 600
MEDIA_ROOT = paths.make_private_dir(paths.make_private_dir(VAR) / "media")
paths.make_private_dir(MEDIA_ROOT / "incoming")
# Where files lie in the clear while they are checked, decoded or made. On the file system of the media, keeping one
# is a rename; in memory, sealed ones never touch a disk in the clear.
SCRATCH = Path(env.str("EMOTRACE_SCRATCH", default="") or MEDIA_ROOT / "incoming").absolute()
FILE_UPLOAD_TEMP_DIR = paths.make_private_dir(SCRATCH)
SCRATCH_BYTES = env.int("EMOTRACE_SCRATCH_BYTES", default=None)
# What is kept is sealed with the first of these, and opened with each.
MEDIA_KEYS = read_keys(env.str("EMOTRACE_MEDIA_KEYS", default=""))
# A bucket instead of the local folder.
S3 = {
    "bucket_name": env.str("EMOTRACE_S3_BUCKET", default=""),
    "endpoint_url": env.str("EMOTRACE_S3_ENDPOINT", default="") or None,
    "region_name": env.str("EMOTRACE_S3_REGION", default="") or None,
    "location": env.str("EMOTRACE_S3_PREFIX", default=""),
    "access_key": env.str("EMOTRACE_S3_ACCESS_KEY", default="").strip() or None,
    "secret_key": env.str("EMOTRACE_S3_SECRET_KEY", default="").strip() or None,
}
STORAGES = {
    "default": {
        "BACKEND": "webapp.storage.encrypted_storage.EncryptedStorage",
        "OPTIONS": {
            "inner": {"BACKEND": "webapp.storage.s3.MediaS3Storage", "OPTIONS": S3}
            if S3["bucket_name"]
            else {"BACKEND": "webapp.storage.filesystem.MediaFileSystemStorage"}
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Where nginx hands the media out: an internal location of it, such as /media/; without, the application does it.
MEDIA_INTERNAL = env.str("EMOTRACE_MEDIA_INTERNAL", default="")
LIMITS = Limits(
    max_seconds=env.float("EMOTRACE_MAX_SECONDS", default=Limits.max_seconds),
    max_bytes=env.int("EMOTRACE_MAX_BYTES", default=Limits.max_bytes),
    max_pixels=env.float("EMOTRACE_MAX_PIXELS", default=Limits.max_pixels),
)
# Requests that one web process answers at once.
WEB_THREADS = 16
# What a request may have besides files.
BODY_BYTES = env.int("EMOTRACE_BODY_BYTES", default=2**20)
# An upload is kept for so long after its last byte came.
UPLOAD_SECONDS = env.int("EMOTRACE_UPLOAD_SECONDS", default=7 * 24 * 3600)
# A client that is silent for so long in the middle of a part, or of a large body, is taken for lost.
UPLOAD_SILENT_SECONDS = env.float("EMOTRACE_UPLOAD_SILENT_SECONDS", default=30)
# For so many days recordings are kept that are in no project; without a number, until somebody deletes them.
RETENTION_DAYS = env.int("EMOTRACE_RETENTION_DAYS", default=None)
# What people send never fills the disk beyond this: the rest is for the database and for what is made from it. With
# less room than this, the installation is not ready.
DISK_RESERVE_BYTES = env.int("EMOTRACE_DISK_RESERVE_BYTES", default=10**9)

# Work
LEASE_SECONDS = env.int("EMOTRACE_LEASE_SECONDS", default=60)
HEARTBEAT_SECONDS = env.int("EMOTRACE_HEARTBEAT_SECONDS", default=10)
MAX_ATTEMPTS = 3
INFERENCE_QUEUE, RENDER_QUEUE, WEBHOOK_QUEUE = "inference", "render", "webhooks"

# Celery's name for Redis behind a unix socket differs from everybody else's.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redis hands a message out again when it is not acknowledged for this long: longer than any
# analysis takes. The reaper, which watches heartbeats, is what notices a dead worker early.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600, **REDIS_PATIENCE}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_QUEUES = [Queue(INFERENCE_QUEUE), Queue(RENDER_QUEUE), Queue(WEBHOOK_QUEUE)]
CELERY_TASK_DEFAULT_QUEUE = INFERENCE_QUEUE
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TIMEZONE = "UTC"

# Webhooks. Whether they may go to addresses of one's own network, on any port.
WEBHOOKS_PRIVATE = env.bool("EMOTRACE_WEBHOOKS_PRIVATE", default=False)
# Where the application is reached from outside, such as https://emotrace.example.org: put before the paths in webhooks
# and mails.
PUBLIC_URL = env.str("EMOTRACE_PUBLIC_URL", default="").rstrip("/")
# Metrics are for whoever sends this as a bearer token, or asks from one of these networks; without either, for nobody.
METRICS_TOKEN = env.str("EMOTRACE_METRICS_TOKEN", default="").strip()
METRICS_NETWORKS = [ip_network(each) for each in env.list("EMOTRACE_METRICS_NETWORKS", default=[])]

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "webapp.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "webapp.api.views.base.ProblemAutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.api.authentication.TokenAuthentication",
        "webapp.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "webapp.api.authentication.HasScope",
    ],
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "webapp.api.filters.StrictOrderingFilter",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["webapp.api.throttling.FixedWindowThrottle"],
    # A browser sends parts of 8 MB: `part` lets 800 MB pass in a second, which no network here does.
    "DEFAULT_THROTTLE_RATES": {
        "read": env.str("EMOTRACE_RATE_READ", default="1200/min"),
        "write": env.str("EMOTRACE_RATE_WRITE", default="600/min"),
        "part": env.str("EMOTRACE_RATE_PART", default="6000/min"),
        "export": env.str("EMOTRACE_RATE_EXPORT", default="120/min"),
        "token": env.str("EMOTRACE_RATE_TOKEN", default="30/min"),
        "anonymous": env.str("EMOTRACE_RATE_ANONYMOUS", default="60/min"),
    },
    "EXCEPTION_HANDLER": "webapp.api.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Emotrace",
    "DESCRIPTION": "Recordings in, timelines of emotions out.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "DEFAULT_GENERATOR_CLASS": "webapp.api.schema.CompleteSchemaGenerator",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AnalysisStatus": "webapp.analyses.models.Analysis.Status",
        "DeliveryStatus": "webapp.webhooks.models.Delivery.Status",
        "EegUnit": "webapp.recordings.models.EEG_UNITS",
        "Purpose": "webapp.recordings.models.Purpose",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

logging.captureWarnings(True)
LOGGING = logs.configuration(
    level=env.str("EMOTRACE_LOG_LEVEL", default="INFO"), form=env.str("EMOTRACE_LOG_FORMAT", default="")
)
