"""Elements of a page, and the words and numbers that they share."""

from xml.etree import ElementTree

Element = ElementTree.Element


def add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    """A new last child of `parent`. `class_` stands for class, other names are taken as they are."""
    child = ElementTree.SubElement(parent, tag, {name.rstrip("_"): value for name, value in attributes.items()})
    child.text = text or None
    return child


def number(value: float) -> str:
    """A length for an attribute, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(share: float, decimals: int = 0) -> str:
    return f"{100 * share:.{decimals}f} %"


def clock(seconds: float) -> str:
    """A moment of a recording: 0:03.6, 12:40.0, 1:02:03.0."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    rest = f"{tenths // 10:02}.{tenths % 10}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest}" if minutes >= 60 else f"{minutes}:{rest}"
