"""Views: each finds the caller's own object, calls a service or selector and serializes the result."""
