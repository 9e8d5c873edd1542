"""Which bodies of requests a server holds until they are whole, and which ones are read while they come."""

from django.conf import settings

PART_TYPE = "application/offset+octet-stream"  # of a file, as the tus protocol says: what came of one counts


def is_streamed(content_type: str, length: int) -> bool:
    """Whether a body of `length` bytes is read while it comes: large ones, and parts of files."""
    return length > settings.BODY_BYTES or is_part(content_type)


def is_part(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == PART_TYPE
