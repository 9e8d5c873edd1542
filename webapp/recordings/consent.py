"""Consent texts for storing, analysing and sharing a recording.

A new wording is a new version. Versions are never changed or removed: each recording refers to the one agreed to.
"""

TEXTS = {
    "1": (
        "The person in this recording knows what it is used for and has agreed that it is stored here and read by "
        "these models, or I am that person."
    ),
    "2": (
        "The person in this recording knows for which purpose it is used and for how long it is kept, and has agreed "
        "that it is stored here and read by these models for that purpose, or I am that person."
    ),
    # The bundled sample needs no consent.
    "sample-1": (
        "Nobody has to agree to it: the face is a public-domain photograph (NASA) moved by a program, the voice is "
        "synthetic, and the EEG is simulated."
    ),
    # Participants agree themselves, to the text of a study's link, which the recording holds.
    "study-1": "I have read this text, and agree that I am recorded and that the recording is used as it says.",
    # Sharing needs its own consent.
    "sharing-1": (
        "The person in this recording has agreed that it is shown to those I share it with, or I am that person."
    ),
    "sharing-project-1": (
        "Everybody in the recordings of this project, also in those that come into it later, has agreed that they are "
        "shown to those I share it with."
    ),
}

VERSION = "2"
SAMPLE_VERSION = "sample-1"
STUDY_VERSION = "study-1"
SHARING_VERSION = "sharing-1"
SHARING_PROJECT_VERSION = "sharing-project-1"

TEXT = TEXTS[VERSION]
SAMPLE_TEXT = TEXTS[SAMPLE_VERSION]
STUDY_TEXT = TEXTS[STUDY_VERSION]
SHARING_TEXT = TEXTS[SHARING_VERSION]
SHARING_PROJECT_TEXT = TEXTS[SHARING_PROJECT_VERSION]
