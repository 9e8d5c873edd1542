"""The one settings module. What differs between installations comes from the environment (see README)."""

import logging
from ipaddress import ip_network
from typing import Any

import environ
from csp.constants import NONE, SELF
from kombu.entity import Queue

from inference.types import Limits
from webapp.core import locations, logs

# Where NAME_FILE names a file, the value of NAME is what that file holds.
env = environ.FileAwareEnv()

BASE_DIR = locations.PROJECT
VAR = locations.var()
DEBUG = env.bool("EMOTRACE_DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="").strip() or locations.secret_key(VAR)
# As localhost it is asked by the checks that run beside it.
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=["127.0.0.1", "[::1]"]), "localhost"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "webapp.core",
    "webapp.accounts",
    "webapp.recordings",
    "webapp.analyses",
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
    "bootstrap",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "webapp.core.requests.Sender",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webapp.core.requests.Line",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webapp.pages.middleware.OwnPasswordFirst",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [locations.PROJECT / "webapp" / "templates"],
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
DATABASES: dict[str, Any] = {"default": env.db("DATABASE_URL", default=locations.embedded_database_url(VAR))}
if password := env.str("DATABASE_PASSWORD", default="").strip():
    DATABASES["default"]["PASSWORD"] = password
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
REDIS_URL = env.str("REDIS_URL", default="") or locations.embedded_redis_url(VAR)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

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
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "locked.html"

# Browser security. Behind HTTPS, set EMOTRACE_HTTPS; the proxy must set X-Forwarded-Proto itself.
HTTPS = env.bool("EMOTRACE_HTTPS", default=False)
# How many proxies of one's own stand in front: what X-Forwarded-For says before them is anybody's word.
PROXIES = env.int("EMOTRACE_PROXIES", default=0)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
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
STATICFILES_DIRS = [locations.PROJECT / "webapp" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 600
MEDIA_ROOT = locations.private_directory(locations.private_directory(VAR) / "media")
# Uploads pass through the same file system as the media, so that keeping one is a rename.
FILE_UPLOAD_TEMP_DIR = locations.private_directory(MEDIA_ROOT / "incoming")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Where nginx hands the media out: an internal location of it, such as /media/; without, the application does it.
MEDIA_INTERNAL = env.str("EMOTRACE_MEDIA_INTERNAL", default="")
# With less room than this on the disk of the media, the installation is not ready.
DISK_RESERVE_BYTES = env.int("EMOTRACE_DISK_RESERVE_BYTES", default=10**9)
LIMITS = Limits(
    max_seconds=env.float("EMOTRACE_MAX_SECONDS", default=Limits.max_seconds),
    max_bytes=env.int("EMOTRACE_MAX_BYTES", default=Limits.max_bytes),
)
# An upload is kept for so long after its last byte came.
UPLOAD_SECONDS = env.int("EMOTRACE_UPLOAD_SECONDS", default=7 * 24 * 3600)
# A client that is silent for so long in the middle of a part is taken for lost.
UPLOAD_SILENT_SECONDS = env.float("EMOTRACE_UPLOAD_SILENT_SECONDS", default=30)

# Work
LEASE_SECONDS = env.int("EMOTRACE_LEASE_SECONDS", default=60)
HEARTBEAT_SECONDS = env.int("EMOTRACE_HEARTBEAT_SECONDS", default=10)
MAX_ATTEMPTS = 3
INFERENCE_QUEUE, RENDER_QUEUE = "inference", "render"

# Celery's name for Redis behind a unix socket differs from everybody else's.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redis hands a message out again when it is not acknowledged for this long: longer than any
# analysis takes. The reaper, which watches heartbeats, is what notices a dead worker early.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_QUEUES = [Queue(INFERENCE_QUEUE), Queue(RENDER_QUEUE)]
CELERY_TASK_DEFAULT_QUEUE = INFERENCE_QUEUE
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TIMEZONE = "UTC"

# Metrics are for whoever sends this as a bearer token, or asks from one of these networks; without either, for nobody.
METRICS_TOKEN = env.str("EMOTRACE_METRICS_TOKEN", default="").strip()
METRICS_NETWORKS = [ip_network(each) for each in env.list("EMOTRACE_METRICS_NETWORKS", default=[])]

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "webapp.api.views.base.Schema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "60/min", "user": "1200/min"},
    "NUM_PROXIES": PROXIES,
    "EXCEPTION_HANDLER": "webapp.api.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Emotrace",
    "DESCRIPTION": "Recordings in, timelines of emotions out.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
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
