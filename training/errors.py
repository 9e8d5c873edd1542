class DatasetError(Exception):
    """A data set on disk does not have its published layout; the message names the file."""
