"""PostgreSQL and Redis for one machine, trial and tests: real servers that ship in wheels.

Whoever needs them holds a shared lock on `users.lock` (see `attached`). One keeper process runs
both servers until nobody holds that lock any more; since the kernel drops a dead process's locks,
no crash leaves servers running or makes them look as if they were.
"""

from webapp.local.embedded.lifecycle import EmbeddedError, restart_if_dead, servers_running

__all__ = ["EmbeddedError", "restart_if_dead", "servers_running"]
