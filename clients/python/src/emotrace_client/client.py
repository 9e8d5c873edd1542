"""Everything that can be asked of a server, as methods."""

import csv
import io
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from emotrace_client.errors import AnalysisFailedError
from emotrace_client.files import fetch
from emotrace_client.models import Analysis, Baseline, FoundSegment, Model, Recording, Segment
from emotrace_client.transport import Transport
from emotrace_client.tus import Progress, Sending

if TYPE_CHECKING:
    import pandas

POLL_SECONDS = 1.0
PAGE_SIZE = 1000
PATIENCE_SECONDS = 300.0


class Client:
    """A server, as one person sees it.

    What breaks is tried again for `patience_s` seconds; a 429 is obeyed. Raises EmotraceError with a stable `code`.
    """

    def __init__(self, url: str, token: str | None = None, *, patience_s: float = PATIENCE_SECONDS) -> None:
        self._transport = Transport(url, token, patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def make_token(self, username: str, password: str, **wanted: Any) -> str:
        """A token for name and password. `wanted`: name, scopes, expires_days."""
        data = {"username": username, "password": password, **wanted}
        return str(self._transport.request("POST", "auth/token/", json=data).json()["token"])

    def models(self) -> list[Model]:
        return [Model.read(each) for each in self._transport.request("GET", "models/").json()]

    def recordings(self, **query: Any) -> Iterator[Recording]:
        """One's recordings, newest first; all pages."""
        return map(Recording.read, self._pages("recordings/", query))

    def recording(self, pk: str) -> Recording:
        return Recording.read(self._transport.request("GET", f"recordings/{pk}/").json())

    def analyses(self, **query: Any) -> Iterator[Analysis]:
        """Past analyses, newest first; all pages. `query`: status, model, label, created_after, recording, ..."""
        return map(Analysis.read, self._pages("analyses/", query))

    def analysis(self, pk: str) -> Analysis:
        return Analysis.read(self._transport.request("GET", f"analyses/{pk}/").json())

    def segments(self, analysis: str) -> Iterator[Segment]:
        """The timeline of one analysis; all pages."""
        return map(Segment.read, self._pages(f"analyses/{analysis}/segments/", {}))

    def baseline(self, analysis: str) -> Baseline | None:
        """The neutral span that is marked on a timeline."""
        return Baseline.read(self._transport.request("GET", f"analyses/{analysis}/baseline/").json())

    def mark_baseline(self, analysis: str, start_s: float, end_s: float) -> Baseline | None:
        """Mark a span in which the person is neutral; exports then have probabilities relative to it as well."""
        span = {"start_s": start_s, "end_s": end_s}
        return Baseline.read(self._transport.request("PUT", f"analyses/{analysis}/baseline/", json=span).json())

    def remove_baseline(self, analysis: str) -> None:
        self._transport.request("DELETE", f"analyses/{analysis}/baseline/")

    def find_segments(self, **query: Any) -> Iterator[FoundSegment]:
        """Segments of all timelines. `query`: label, min_confidence, min_duration, recording, ordering."""
        return map(FoundSegment.read, self._pages("segments/", query))

    def upload(
        self,
        video: str | Path,
        *,
        consent: bool,
        audio: str | Path | None = None,
        eeg: str | Path | None = None,
        eeg_trial: int | None = None,
        eeg_sfreq: float | None = None,
        eeg_unit: str | None = None,
        title: str | None = None,
        model: str | None = None,
        project: str | None = None,
        purpose: str | None = None,
        purpose_note: str | None = None,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """Send a recording and have it read. Its files go up in parts; a connection that breaks loses nothing.

        `consent` says that the person in the recording agreed, `purpose` to what: `research`, `clinical`, `personal`
        and so on, as the server's description lists them. A key of your own keeps a program that is started again
        from sending a recording twice: the second is refused with the code `idempotency_key_reused`.
        """
        paths = {"video": Path(video)}
        paths |= {kind: Path(each) for kind, each in (("audio", audio), ("eeg", eeg)) if each is not None}
        whole = sum(path.stat().st_size for path in paths.values())
        sent = 0
        data: dict[str, str] = {"consent": "true" if consent else "false"}
        for kind, path in paths.items():
            told = None if progress is None else _after(sent, whole, progress)
            data[f"{kind}_upload"] = Sending(self._transport, path, progress=told).run()
            sent += path.stat().st_size
        more = {"title": title, "model": model, "eeg_trial": eeg_trial, "eeg_sfreq": eeg_sfreq}
        more |= {"eeg_unit": eeg_unit, "project": project}
        more |= {"purpose": purpose, "purpose_note": purpose_note}
        data |= {name: str(value) for name, value in more.items() if value is not None}
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return Recording.read(self._transport.request("POST", "recordings/", data=data, headers=headers).json())

    def analyse_again(self, recording: str, *, model: str | None = None) -> Analysis:
        data = {} if model is None else {"model": model}
        return Analysis.read(self._transport.unrepeated("POST", f"recordings/{recording}/analyses/", json=data).json())

    def cancel(self, analysis: str) -> Analysis:
        return Analysis.read(self._transport.request("POST", f"analyses/{analysis}/cancel/").json())

    def delete(self, recording: str) -> None:
        """Erase a recording with everything derived from it."""
        self._transport.request("DELETE", f"recordings/{recording}/")

    def wait(
        self, analysis: str, *, timeout_s: float | None = None, progress: Callable[[Analysis], object] | None = None
    ) -> Analysis:
        """The analysis once it has succeeded. Raises AnalysisFailedError, and TimeoutError."""
        began = time.monotonic()
        while True:
            state = self.analysis(analysis)
            if progress is not None:
                progress(state)
            if state.status == "succeeded":
                return state
            if state.over:
                words = state.error_message or f"The analysis was {state.status}."
                raise AnalysisFailedError(state.error_code or state.status, words)
            if timeout_s is not None and time.monotonic() - began > timeout_s:
                raise TimeoutError(f"Analysis {analysis} is {state.status} after {timeout_s:.0f} s.")
            time.sleep(POLL_SECONDS)

    def download(self, analysis: str, to: str | Path, *, progress: Progress | None = None) -> Path:
        """The labelled video. What a broken connection left is gone on with."""
        return fetch(self._transport, f"analyses/{analysis}/video/", Path(to), progress)

    def export(self, analysis: str, format: str, to: str | Path) -> Path:
        """The timeline as a file for another tool: json, csv, vtt, srt, eaf, textgrid, bids or html."""
        return fetch(self._transport, f"analyses/{analysis}/export/{format}/", Path(to), None)

    def assign_by_name(
        self, project: str, pattern: str, *, source: str = "title", preview: bool = False
    ) -> dict[str, Any]:
        """Set participants and values by the recordings' titles, or by their files' names (`source="file"`).

        `pattern` is such as `{participant}_{advert}_{session}`. A preview tells what would be set.
        """
        asked = {"pattern": pattern, "source": source}
        return self._sent("POST", f"projects/{project}/name-pattern/", preview, asked)

    def set_values(
        self, project: str, table: str, *, unit_of: str | None = None, preview: bool = False
    ) -> dict[str, Any]:
        """Set values of variables from a table's text, such as `frame.to_csv(index=False)`.

        Its first column has codes of participants, or titles or ids of recordings; `unit_of` (`participant`,
        `recording`) says which where the column's name does not. A preview tells what would be set.
        """
        asked = {"table": table} | ({"unit_of": unit_of} if unit_of else {})
        return self._sent("PUT", f"projects/{project}/values/", preview, asked)

    def add_stimulus(
        self,
        project: str,
        name: str,
        *,
        length_s: float | None = None,
        video: str | Path | None = None,
        picture: str | Path | None = None,
    ) -> dict[str, Any]:
        """Add what participants see: a video, or for `length_s` seconds a picture or else its name as text."""
        data: dict[str, Any] = {"name": name} | ({} if length_s is None else {"length_s": length_s})
        options: dict[str, Any] = {"data": data}
        if video is not None:
            data["video_upload"] = Sending(self._transport, Path(video)).run()
        if picture is not None:
            options["files"] = {"picture": (Path(picture).name, Path(picture).read_bytes())}
        added: dict[str, Any] = self._transport.unrepeated("POST", f"projects/{project}/stimuli/", **options).json()
        return added

    def stimuli(self, project: str) -> list[dict[str, Any]]:
        """The stimuli of a project in their order."""
        return list(self._pages(f"projects/{project}/stimuli/", {}))

    def change_stimulus(self, stimulus: str, **fields: Any) -> dict[str, Any]:
        """Change `name`, `position` (from 0) or, without a video, `length_s`."""
        changed: dict[str, Any] = self._transport.request("PATCH", f"stimuli/{stimulus}/", json=fields).json()
        return changed

    def delete_stimulus(self, stimulus: str) -> None:
        """Delete a stimulus with its file; its markers stay, with its name."""
        self._transport.request("DELETE", f"stimuli/{stimulus}/")

    def import_markers(
        self, path: str | Path, *, recording: str | None = None, project: str | None = None, **options: Any
    ) -> list[dict[str, Any]]:
        """Add the markers of a file (CSV, BIDS, ELAN, Praat, XDF) to a recording, or to those that its rows name.

        Returns those that were not there yet. `options`: format, zero_stream, zero_s.
        """
        if (recording is None) == (project is None):
            raise ValueError("name a recording or a project")
        place = f"recordings/{recording}" if recording else f"projects/{project}"
        path = Path(path)
        answer = self._transport.request(
            "POST", f"{place}/markers/import/", data=options, files={"file": (path.name, path.read_bytes())}
        )
        found: list[dict[str, Any]] = answer.json()
        return found

    def compare(
        self, project: str, measures: Sequence[str], factor: str, *, save_as: str | None = None, **question: Any
    ) -> dict[str, Any]:
        """Compare the conditions of a project, with everything that the numbers rest on.

        `measures` are columns of the table, `factor` is a category or `stimulus`. `question`: levels, paired,
        baseline, model, reader, stimulus, covariate. With `save_as`, the comparison is kept as it is under that name.
        """
        asked = {"measures": list(measures), "factor": factor, **question}
        path = f"projects/{project}/comparisons/"
        if save_as is None:
            result: dict[str, Any] = self._transport.request("POST", path, json=asked).json()
            return result
        kept = self._transport.unrepeated("POST", path, params={"save": "true"}, json={**asked, "name": save_as})
        saved: dict[str, Any] = kept.json()
        return saved

    def table(self, project: str, *, unit: str = "recording", model: str | None = None) -> "pandas.DataFrame":
        """The tidy table of a project: a row for each recording, marker, segment or window.

        It needs pandas and pyarrow: `pip install emotrace-client[table]`. `model` is NAME or NAME@VERSION.
        """
        import pandas

        query = {"unit": unit, "format": "parquet"} | ({"model": model} if model else {})
        content = self._transport.request("GET", f"projects/{project}/table/", params=query).content
        return pandas.read_parquet(io.BytesIO(content))

    def codebook(self, project: str) -> dict[str, str]:
        """What each column of the table means."""
        text = self._transport.request("GET", f"projects/{project}/codebook/").text
        return {row["column"]: row["description"] for row in csv.DictReader(io.StringIO(text)) if row["column"]}

    def _sent(self, method: str, path: str, preview: bool, asked: dict[str, Any]) -> dict[str, Any]:
        params = {"preview": str(preview).lower()}
        answer: dict[str, Any] = self._transport.request(method, path, params=params, json=asked).json()
        return answer

    def _pages(self, path: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        params = {"page_size": PAGE_SIZE} | {name: _said(value) for name, value in query.items() if value is not None}
        page = self._transport.request("GET", path, params=params).json()
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self._transport.request("GET", page["next"]).json()


def _said(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _after(before: int, whole: int, progress: Progress) -> Progress:
    return lambda gone, _: progress(before + gone, whole)
