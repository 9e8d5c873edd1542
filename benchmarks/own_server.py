"""The real web server on the database of `own_database`, for what is measured or drawn in a browser."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from benchmarks.reporting import ROOT


@contextmanager
def own_server() -> Iterator[str]:
    """Serve the application meanwhile; yields its address, http://127.0.0.1 with a free port."""
    # Playwright's event loop runs in this thread, where Django would refuse to work.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.set_inheritable(True)
        gunicorn = [sys.executable, "-m", "gunicorn", "webapp.config.wsgi", "--bind", f"fd://{listener.fileno()}"]
        options = ["--worker-class", "gthread", "--threads", "8", "--log-level", "warning", "--no-control-socket"]
        with subprocess.Popen([*gunicorn, *options], cwd=ROOT, pass_fds=[listener.fileno()]) as web:
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                web.terminate()
