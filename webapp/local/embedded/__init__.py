"""PostgreSQL and Redis for one machine, for trial and tests: real servers from Python wheels.

Processes that use them hold a shared lock on `users.lock` (see `servers_running`). One supervisor process runs both
servers until no process holds that lock. The kernel releases a dead process's locks, so that a crash never leaves
servers running.
"""

from webapp.local.embedded.lifecycle import EmbeddedError, restart_if_dead, servers_running

__all__ = ["EmbeddedError", "restart_if_dead", "servers_running"]
