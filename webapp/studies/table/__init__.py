"""The tidy table of a project: a row for each recording, marker, segment or window, with the same columns.

pyarrow is imported where it is called.
"""
