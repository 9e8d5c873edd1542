"""What somebody agrees to who sends a recording. A new wording is a new version; each recording keeps its own."""

VERSION = "1"
TEXT = (
    "The person in this recording knows what it is used for and has agreed that it is stored here and read by these "
    "models, or I am that person."
)

# The recording that comes with the application needs nobody's agreement, and has a version of its own.
SAMPLE_VERSION = "sample-1"
SAMPLE_TEXT = (
    "Nobody has to agree to it: the face is a public-domain photograph (NASA) moved by a program, the voice is "
    "synthetic, and the EEG is simulated."
)

# Showing a recording to others goes beyond storing and reading it.
SHARING_VERSION = "sharing-1"
SHARING_TEXT = "The person in this recording has agreed that it is shown to those I share it with, or I am that person."
SHARING_PROJECT_TEXT = (
    "Everybody in the recordings of this project, also in those that come into it later, has agreed that they are "
    "shown to those I share it with."
)
