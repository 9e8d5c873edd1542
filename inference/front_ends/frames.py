"""Whole images of the recording, scaled to a square."""

from inference.front_ends._images import Images


class FrontEnd(Images, frozen=True, kw_only=True):
    """The defaults are those of `faces`."""

    crop = "frame"
