"""Errors that end a command with one line."""


class DatasetError(Exception):
    """A data set on disk does not have its published layout; the message names the file."""
