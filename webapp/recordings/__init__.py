"""Recordings and their files: upload, validation, organization, sharing, retention."""
