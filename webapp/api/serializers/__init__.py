"""Rows as JSON, and back."""
