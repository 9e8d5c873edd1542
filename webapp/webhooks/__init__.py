"""Webhooks: signed HTTP notifications, as specified by Standard Webhooks (standardwebhooks.com)."""
