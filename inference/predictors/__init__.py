"""Networks with what their specifications assume of the input: recordings in, scored windows out."""
