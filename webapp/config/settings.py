"""Django's settings. What differs between installations comes from the environment: docs/operation.md lists it.

Reading them creates nothing: `media.create_directories` makes the directories when a process starts.
"""

import logging
import os
import tomllib
from typing import Any, cast

from csp.constants import NONE, SELF
from django.utils.functional import SimpleLazyObject
from kombu.entity import Queue
from redis.backoff import NoBackoff
from redis.retry import Retry

from inference.media.encoder_names import DEFAULT_X264_PRESET, ENCODERS, X264_PRESETS
from inference.sandbox.limits import PROTECTIONS
from inference.types import Limits
from webapp.core import deprecated, environment, paths
from webapp.core.quota import Quota
from webapp.observability import logs
from webapp.storage.encryption_keys import KEYS_EXPECTED, read_keys

deprecated.accept_old_names(os.environ)
env = environment.Environment(os.environ)

BASE_DIR = paths.PROJECT
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
DATA_DIR = environment.require_creatable("EMOTRACE_DATA_DIR", paths.data_dir())
DEBUG = env.flag("EMOTRACE_DEBUG", default=False)
# Without one in the environment, a key is created in DATA_DIR on first use.
SECRET_KEY = env.text("SECRET_KEY") or cast(str, SimpleLazyObject(lambda: paths.load_secret_key(DATA_DIR)))
SECRET_KEY_FALLBACKS = env.texts("SECRET_KEY_FALLBACKS")
# Health checks beside the server ask for localhost.
ALLOWED_HOSTS = [*env.hosts("ALLOWED_HOSTS", default=["127.0.0.1", "[::1]"]), "localhost"]
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "webapp.core.apps.CoreConfig",
    "webapp.local",
    "webapp.audit",
    "webapp.accounts",
    "webapp.recordings",
    "webapp.analyses",
    "webapp.studies.apps.StudiesConfig",
    "webapp.webhooks",
    "webapp.api",
    "webapp.pages",
    "webapp.operation",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "webapp.core.apps.OwnStaticFilesConfig",
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
    "django_permissions_policy.PermissionsPolicyMiddleware",
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

# External servers, or the embedded ones.
DATABASES: dict[str, Any] = {"default": env.database_url("DATABASE_URL", default=paths.embedded_database_url(DATA_DIR))}
if password := env.text("DATABASE_PASSWORD"):
    DATABASES["default"]["PASSWORD"] = password
# The unprivileged role of the application, where `migrate` runs as the owner of the tables.
DATABASE_ROLE = env.text("EMOTRACE_DATABASE_ROLE")
DATABASE_ROLE_PASSWORD = env.text("EMOTRACE_DATABASE_ROLE_PASSWORD")
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
POSTGRES_BIN = env.directory("EMOTRACE_POSTGRES_BIN")  # of pg_dump and pg_restore, if not those of the package
# PostgreSQL's statement_timeout in web processes.
STATEMENT_SECONDS = env.integer("EMOTRACE_STATEMENT_SECONDS", default=20, maximum=86_400)
REDIS_URL = env.redis_url("REDIS_URL", default=paths.embedded_redis_url(DATA_DIR))
# A server that does not answer must not block requests.
REDIS_TIMEOUTS = {"socket_timeout": 3, "socket_connect_timeout": 3}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {**REDIS_TIMEOUTS, "retry": Retry(NoBackoff(), 1)},
    }
}

# Accounts
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
ACCOUNT_FAILURE_LIMIT = 30  # for one username, from all addresses
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "account_locked.html"
SIGNUP = env.flag("EMOTRACE_SIGNUP", default=False)  # whether visitors can create accounts
ACCOUNT_ADAPTER = "webapp.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "webapp.accounts.forms.LoginForm",
    "reset_password": "webapp.accounts.forms.ResetPasswordForm",
}
# Signing up does not reveal known addresses: several accounts may name one, and one of them can confirm it.
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Emotrace] "
ACCOUNT_EMAIL_CONFIRMATION_ANONYMOUS_REDIRECT_URL = "/login/"
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = "/account/"
ACCOUNT_CHANGE_EMAIL = True  # one address each; the old one stays until the new one is confirmed
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # changing the address requires the password again
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "webapp.accounts.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "webapp.accounts.forms.MFACodeForm",
    "reauthenticate": "webapp.accounts.forms.MFAReauthenticateForm",
    "activate_totp": "webapp.accounts.forms.MFAActivateForm",
    "deactivate_totp": "webapp.accounts.forms.MFADeactivateForm",
}
MFA_TOTP_ISSUER = "Emotrace"
MFA_TOTP_TOLERANCE = 1  # in periods: clocks of phones and offline servers differ
# Accounts are identified by username, and an installation without a mail server cannot verify addresses.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Each user's default quota: a number or `unlimited`; `manage.py quota` overrides it.
QUOTA = Quota(
    bytes=env.amount("EMOTRACE_QUOTA_BYTES", default="100G"),
    minutes=env.amount("EMOTRACE_QUOTA_MINUTES", default="20k"),
    analyses=env.amount("EMOTRACE_QUOTA_ANALYSES", default="1000"),
)

# Mail, such as smtp+tls://name:password@mail.example.org:587. Without a server, pages hide what needs one.
SENDS_MAIL = bool(env.text("EMAIL_URL"))
ACCOUNT_EMAIL_VERIFICATION = "optional" if SENDS_MAIL else "none"
vars().update(env.mail_url("EMAIL_URL", default="dummymail://"))
DEFAULT_FROM_EMAIL = env.text("EMOTRACE_MAIL_FROM", default="emotrace@localhost")

# Browser security. Behind HTTPS, set EMOTRACE_HTTPS; the proxy must set X-Forwarded-Proto itself.
HTTPS = env.flag("EMOTRACE_HTTPS", default=False)
# The number of trusted proxies in front: entries of X-Forwarded-For left of theirs can be forged.
TRUSTED_PROXY_COUNT = env.integer("EMOTRACE_TRUSTED_PROXY_COUNT", default=0)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains ...
    "security.W021",  # ... and preloading are decisions of the domain's owner.
    "files.E001",  # FILE_UPLOAD_TEMP_DIR is created when a process starts.
]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "emotrace_session"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PERMISSIONS_POLICY: dict[str, list[str]] = {"camera": [], "microphone": []}  # pages that record override it
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
# Where `collectstatic` wrote them, static files have hashed names; else they are served from the sources.
STATIC_ROOT = env.new_directory("EMOTRACE_STATIC_ROOT", default=None)
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_MAX_AGE = 600
MEDIA_ROOT = DATA_DIR / "media"
# Plaintext files in progress. On the file system of the media, storing one is a rename; in memory (tmpfs), encrypted
# media never touch a disk unencrypted.
FILE_UPLOAD_TEMP_DIR = env.new_directory("EMOTRACE_TMP_DIR", default=MEDIA_ROOT / "incoming")
TMP_BYTES = env.integer("EMOTRACE_TMP_BYTES", default=None)
# Media are encrypted with the first key and decrypted with any.
ENCRYPTION_KEYS = env.secret("EMOTRACE_ENCRYPTION_KEYS", read_keys, default=(), expected=KEYS_EXPECTED)
# An S3 bucket instead of the local folder.
S3 = {
    "bucket_name": env.text("EMOTRACE_S3_BUCKET"),
    "endpoint_url": env.web_url("EMOTRACE_S3_ENDPOINT") or None,
    "region_name": env.text("EMOTRACE_S3_REGION") or None,
    "location": env.text("EMOTRACE_S3_PREFIX"),
    "access_key": env.text("EMOTRACE_S3_ACCESS_KEY") or None,
    "secret_key": env.text("EMOTRACE_S3_SECRET_KEY") or None,
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
    "staticfiles": {
        "BACKEND": "webapp.core.static_storage.HashedStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# nginx's internal location of the media, such as /media/, for X-Accel-Redirect; without it the application serves them.
X_ACCEL_PREFIX = env.text("EMOTRACE_X_ACCEL_PREFIX")
LIMITS = Limits(
    max_seconds=env.number("EMOTRACE_MAX_SECONDS", default=Limits.max_seconds, minimum=1),
    max_bytes=env.integer("EMOTRACE_MAX_BYTES", default=Limits.max_bytes, minimum=1),
    max_pixels=env.number("EMOTRACE_MAX_PIXELS", default=Limits.max_pixels, minimum=1),
)
WEB_THREADS = 16  # of a web process
PORT = env.integer("PORT", default=8000, minimum=1, maximum=65_535)  # of `manage.py serve`
BODY_BYTES = env.integer("EMOTRACE_BODY_BYTES", default=2**20, minimum=1)  # of the largest request without files
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * BODY_BYTES  # as much as BodyLimitMiddleware lets any form have
# A partial upload expires this long after its last byte.
UPLOAD_TTL_SECONDS = env.integer("EMOTRACE_UPLOAD_TTL_SECONDS", default=7 * 24 * 3600, maximum=10**9)
# A client that sends nothing for this long within a streamed body is disconnected.
UPLOAD_SILENT_SECONDS = env.number("EMOTRACE_UPLOAD_SILENT_SECONDS", default=30)
# Days after which recordings outside projects are deleted; None keeps them.
RETENTION_DAYS = env.integer("EMOTRACE_RETENTION_DAYS", default=None, minimum=1, maximum=36_500)
# Free disk space that uploads leave for the database and for results. With less, the installation is not ready.
DISK_RESERVE_BYTES = env.integer("EMOTRACE_DISK_RESERVE_BYTES", default=10**9)

# Work
LEASE_SECONDS = env.integer("EMOTRACE_LEASE_SECONDS", default=60, minimum=2, maximum=86_400)
HEARTBEAT_SECONDS = env.integer("EMOTRACE_HEARTBEAT_SECONDS", default=10, minimum=1, maximum=LEASE_SECONDS - 1)
MAX_ATTEMPTS = 3
SPAN_SECONDS = env.number("EMOTRACE_SPAN_SECONDS", default=600)  # a longer recording is read in spans; 0: never
VIDEO_ENCODER = env.text("EMOTRACE_VIDEO_ENCODER", default="x264", choices=ENCODERS)
X264_PRESET = env.text("EMOTRACE_X264_PRESET", default=DEFAULT_X264_PRESET, choices=X264_PRESETS)
env.directory("EMOTRACE_MODELS")  # inference reads this and the next one by itself: here they are only checked
env.texts("EMOTRACE_SANDBOX_WITHOUT", choices=PROTECTIONS)
INFERENCE_QUEUE, RENDER_QUEUE, WEBHOOK_QUEUE = "inference", "render", "webhooks"

# Celery has its own URL scheme for Redis on a unix socket.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redis redelivers messages that are not acknowledged for this long: longer than any analysis takes. The reaper, which
# watches heartbeats, notices a dead worker early.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600, **REDIS_TIMEOUTS}
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

# Whether webhooks may be sent to private addresses, on any port.
WEBHOOKS_ALLOW_PRIVATE = env.flag("EMOTRACE_WEBHOOKS_ALLOW_PRIVATE", default=False)
# The public base URL in webhooks and mails, such as https://emotrace.example.org.
PUBLIC_URL = env.web_url("EMOTRACE_PUBLIC_URL")
# /metrics answers requests with this bearer token or from these networks, and no others.
METRICS_TOKEN = env.text("EMOTRACE_METRICS_TOKEN")
# Workers and the reaper, which have no web server, expose their metrics on this port.
METRICS_PORT = env.integer("EMOTRACE_METRICS_PORT", default=None, minimum=1, maximum=65_535)
METRICS_NETWORKS = env.networks("EMOTRACE_METRICS_NETWORKS")

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
    # A browser sends parts of 8 MB: this rate of `part` allows 800 MB a second.
    "DEFAULT_THROTTLE_RATES": {
        "read": env.rate("EMOTRACE_RATE_READ", default="1200/min"),
        "write": env.rate("EMOTRACE_RATE_WRITE", default="600/min"),
        "part": env.rate("EMOTRACE_RATE_PART", default="6000/min"),
        "export": env.rate("EMOTRACE_RATE_EXPORT", default="120/min"),
        "token": env.rate("EMOTRACE_RATE_TOKEN", default="30/min"),
        "anonymous": env.rate("EMOTRACE_RATE_ANONYMOUS", default="60/min"),
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
        "MarkerKindEnum": "webapp.studies.models.Marker.Kind",
        "Purpose": "webapp.recordings.models.Purpose",
        "ReasonEnum": "webapp.api.serializers.analyses.BAD_CHANNEL_REASONS",
        "UndeterminedReason": "webapp.api.serializers.analyses.REASONS",
        "VariableKindEnum": "webapp.studies.models.Variable.Kind",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

logging.captureWarnings(True)
LOGGING = logs.logging_config(
    env.text("EMOTRACE_LOG_LEVEL", default="INFO", choices=logs.LEVELS),
    env.text("EMOTRACE_LOG_FORMAT", choices=logs.FORMATS),
)
