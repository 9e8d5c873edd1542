"""The calls. Each finds what is the caller's own, asks a service or selector, and translates the answer."""
