"""Strangers' files are opened in processes of their own, which can do little and last as long as one call.

`sandboxed` (calls.py) is put on a function that opens such a file. Called in a worker or a web process, it runs in
a child that is forked from a template (template.py): a small process with the decoders loaded, which itself never
opens a file, so that a child costs a fork and not a second of imports. The child gives up what it does not need
(confine.py), then hands over numbers and arrays, never a pickle (wire.py).
"""
