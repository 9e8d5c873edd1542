"""Recordings as files and tables name them: by title, id or name of a file."""

from collections.abc import Collection
from pathlib import PurePath

from webapp.recordings.models import Recording


class RecordingNames:
    """Finds recordings, whose files are prefetched, by their names, ignoring case."""

    def __init__(self, recordings: Collection[Recording]) -> None:
        self._by_name: dict[str, list[Recording]] = {}
        for recording in recordings:
            stems = (PurePath(file.original_name).stem for file in recording.files.all())
            for name in {each.casefold() for each in (recording.title, *stems)}:
                self._by_name.setdefault(name, []).append(recording)
        self._by_id = {str(recording.pk): recording for recording in recordings}

    def find(self, name: str) -> list[Recording]:
        """The one with this id; otherwise those that are called so, or so without the extension of a file's name."""
        if name.casefold() in self._by_id:
            return [self._by_id[name.casefold()]]
        return self._by_name.get(name.casefold()) or self._by_name.get(PurePath(name).stem.casefold(), [])
