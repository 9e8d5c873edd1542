"""System calls without a function in Python."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def check_result(result: int) -> int:
    """Return the result of a call. Raises OSError where it is negative."""
    if result < 0:
        raise OSError(number := ctypes.get_errno(), os.strerror(number))
    return result
