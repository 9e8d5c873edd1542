"""How gunicorn runs the web process, wherever that is. Where it listens says the command line."""

from webapp.config.settings import LOGGING

wsgi_app = "webapp.config.wsgi"
worker_class = "gthread"
threads = 8
keepalive = 75  # longer than nginx keeps a connection: it never sends on one that is just being closed here
worker_tmp_dir = "/dev/shm"  # noqa: S108  in memory: a busy disk must not look like a worker that hangs
control_socket_disable = True
logconfig_dict = LOGGING
