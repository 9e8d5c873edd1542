"""Uploaded files are opened in child processes that have few rights and last for one call.

`sandboxed` (client.py) decorates a function that opens such a file. Called in a worker or a web process, the function
runs in a child of the fork server (forkserver.py): a small process with the decoders imported, which opens no file
itself, so that a child costs a fork and not a second of imports. The child gives up all rights that it does not need
(limits.py) and returns numbers and arrays, never a pickle (protocol.py).
"""
