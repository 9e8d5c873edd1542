"""Data sets on disk, and synthetic pairs of two of them."""
