"""Typed configurations, one module a task."""
