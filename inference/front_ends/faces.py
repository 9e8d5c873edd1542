"""Images of the face, cut out as a square."""

from inference.front_ends._images import Images


class FrontEnd(Images, frozen=True, kw_only=True):
    """Where a face was not found, the nearest image with one is taken."""

    crop = "face"
