"""Emotion analysis of recordings as plain Python: no web framework, no queue. See `inference.pipeline`."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())  # nothing on standard error unless logging is configured
