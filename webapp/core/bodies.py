"""Which request bodies are buffered whole and which are streamed to the view."""

from django.conf import settings

TUS_CONTENT_TYPE = "application/offset+octet-stream"  # of tus PATCH requests, whose bytes count as they arrive


def is_streamed(content_type: str, length: int) -> bool:
    """Whether a body of `length` bytes is streamed: large ones and parts of tus uploads."""
    return length > settings.BODY_BYTES or is_tus_part(content_type)


def is_tus_part(content_type: str) -> bool:
    """Whether the body is a part of a tus upload."""
    return content_type.partition(";")[0].strip().lower() == TUS_CONTENT_TYPE
