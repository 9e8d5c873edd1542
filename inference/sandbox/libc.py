"""System calls for which Python has no function."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def check_result(result: int) -> int:
    """The result of a call. Raises OSError where it is negative, which says that the call failed."""
    if result < 0:
        raise OSError(number := ctypes.get_errno(), os.strerror(number))
    return result
