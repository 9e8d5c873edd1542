"""gunicorn's configuration; the command line gives the address."""

from webapp.config.settings import DATABASES, LOGGING, STATEMENT_SECONDS, STATIC_ROOT, WEB_THREADS
from webapp.core.environment import SettingError

if STATIC_ROOT and not (STATIC_ROOT / "staticfiles.json").exists():
    raise SettingError(
        "EMOTRACE_STATIC_ROOT",
        f"is {str(STATIC_ROOT)!r}, which has no static files",
        "a directory that `manage.py collectstatic` has filled",
    )

wsgi_app = "webapp.config.wsgi"
worker_class = "webapp.config.worker.Worker"
threads = WEB_THREADS
worker_connections = 512  # well below the limit of open files; waiting connections are closed first
keepalive = 75  # longer than nginx's, which therefore never sends on a connection that is being closed
worker_tmp_dir = "/dev/shm"  # noqa: S108  in memory: a busy disk must not look like a hanging worker
control_socket_disable = True
logconfig_dict = LOGGING

# Django reads these settings in the same process. Only web processes have time limits; migrations, backups and workers
# have none.
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options["options"] = (
    f"{_options.get('options', '')} -c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout=10s"
    " -c idle_in_transaction_session_timeout=60s"
)
