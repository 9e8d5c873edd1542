"""Errors, middleware, the task queue and other code that every app uses. There are no models here."""
