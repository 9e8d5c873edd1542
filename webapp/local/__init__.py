"""Runs an installation on one machine: embedded servers, a supervisor, the first start, `serve` and `demo`."""
