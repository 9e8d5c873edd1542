"""Telling people's programs what happened, over HTTP, signed as Standard Webhooks says (standardwebhooks.com)."""
