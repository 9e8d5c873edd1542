"""How gunicorn runs the web process, wherever that is. Where it listens says the command line."""

from webapp.config.settings import DATABASES, LOGGING, STATEMENT_SECONDS, WEB_THREADS

wsgi_app = "webapp.config.wsgi"
worker_class = "webapp.config.worker.Worker"
threads = WEB_THREADS
worker_connections = 512  # well below what a process may have open; those that are waited for end first
keepalive = 75  # longer than nginx keeps a connection: it never sends on one that is just being closed here
worker_tmp_dir = "/dev/shm"  # noqa: S108  in memory: a busy disk must not look like a worker that hangs
control_socket_disable = True
logconfig_dict = LOGGING

# Django reads these settings in the same process. Only what somebody waits for has an end: migrations, backups and
# workers take the time that they need.
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options["options"] = (
    f"{_options.get('options', '')} -c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout=10s"
    " -c idle_in_transaction_session_timeout=60s"
)
