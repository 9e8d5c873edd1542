"""Template filters of studies."""
