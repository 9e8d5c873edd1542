"""The bundled sample recording and its files by mode."""

from webapp.core import paths

FOLDER = paths.PROJECT / "samples"
EEG_TRIAL = 1
MODES = {
    "audio-video": {"video": "interview.mp4"},
    "audio-video-eeg": {"video": "interview.mp4", "audio": "interview.wav", "eeg": "interview_eeg.mat"},
}


def missing_files() -> list[str]:
    """The names of sample files that do not exist."""
    every = sorted({name for files in MODES.values() for name in files.values()})
    return [name for name in every if not (FOLDER / name).is_file()]
