"""The bundled sample as a recording of a user."""

from contextlib import ExitStack
from typing import Any

from django.core.files.base import File

from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.core import samples
from webapp.recordings.consent import SAMPLE_VERSION
from webapp.recordings.services import NewRecording, RecordingFiles


def submit(*, owner: User, mode: str) -> Analysis:
    """Make a recording of the sample and queue its analysis; `mode` is one of `samples.MODES`."""
    files = samples.MODES[mode]
    with ExitStack() as stack:
        opened: dict[str, Any] = {
            kind: File(stack.enter_context((samples.FOLDER / name).open("rb")), name) for kind, name in files.items()
        }
        return services.submit(
            owner=owner,
            new=NewRecording(
                files=RecordingFiles(**opened, eeg_trial=samples.EEG_TRIAL if "eeg" in files else None),
                consent=True,
                consent_version=SAMPLE_VERSION,
                title="Sample interview, with EEG" if "eeg" in files else "Sample interview",
            ),
        )
