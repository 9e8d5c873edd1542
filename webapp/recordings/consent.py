"""What somebody agrees to who sends a recording. A new wording is a new version; each recording keeps its own."""

VERSION = "1"
TEXT = (
    "The person in this recording knows what it is used for and has agreed that it is stored here and read by these "
    "models, or I am that person."
)
