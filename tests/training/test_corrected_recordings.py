"""Recordings that a person corrected, as a data set."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inference.export import encode_timeline
from inference.hashing import sha256_file
from inference.types import UNDETERMINED, Correction, Corrections
from tests.inference.timelines import LABELS, timeline
from training.data import corrected
from training.data.corrected import Segment, windows
from training.errors import DatasetError

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "interview.mp4"
OWN = (Correction(0.0, 10.0, "sad"), Correction(10.0, 14.0, UNDETERMINED), Correction(14.0, 24.0, "happy", "laughs"))


def write_result(path: Path, video: Path, duration_s: float, segments: tuple[Correction, ...] = OWN) -> Path:
    """A recording with corrections, as the application exports it, beside its video."""
    path.parent.mkdir(parents=True, exist_ok=True)
    media = replace(timeline().media, duration_s=duration_s, sha256=sha256_file(video))
    corrections = Corrections(1, "rater", "2026-11-21T10:00:00+00:00", segments)
    path.write_text(json.dumps(encode_timeline(replace(timeline(), media=media, corrections=corrections))))
    shutil.copy(video, path.with_suffix(".mp4"))
    return path


@pytest.fixture
def result(tmp_path: Path) -> Path:
    return write_result(tmp_path / "person07" / "visit.json", SAMPLE, 24.0)


def test_the_persons_segments_are_read_with_their_video(result: Path, tmp_path: Path) -> None:
    video = result.with_suffix(".mp4")
    assert corrected.read(tmp_path) == [
        Segment(video, video, 7, "sad", 0.0, 10.0),
        Segment(video, video, 7, "happy", 14.0, 24.0),
    ]
    sound = result.with_suffix(".wav")
    sound.touch()
    assert {stretch.audio for stretch in corrected.read(tmp_path, [7])} == {sound}


def change(**values: Any) -> Callable[[Path], None]:
    def changed(path: Path) -> None:
        result = json.loads(path.read_text())
        path.write_text(json.dumps({key: each for key, each in (result | values).items() if each is not None}))

    return changed


def relabel(path: Path) -> None:
    path.write_text(path.read_text().replace('"label": "sad", "note"', '"label": "bored", "note"'))


def gap(path: Path) -> None:
    path.write_text(path.read_text().replace('"end_s": 10.0, "label": "sad"', '"end_s": 9.0, "label": "sad"'))


def other_video(path: Path) -> None:
    path.with_suffix(".mp4").write_bytes(SAMPLE.read_bytes() + b"\0")


def again(path: Path) -> None:
    for suffix in (".json", ".mp4"):
        shutil.copy(path.with_suffix(suffix), path.with_name(f"zz{suffix}"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (relabel, r"visit\.json: Segment 1 is 'bored'"),
        (gap, r"visit\.json: Nothing is said of 9\.0 to 10\.0 s"),
        (change(corrections=None), r"visit\.json: has no corrections"),
        (change(schema="other/1"), r"visit\.json: cannot be read as result\.json"),
        (change(media={}), r"visit\.json: cannot be read as result\.json"),
        (change(corrections=[]), r"visit\.json: cannot be read as result\.json"),
        (lambda path: path.write_bytes(b"\xff{"), r"visit\.json: cannot be read as result\.json"),
        (
            lambda path: path.with_suffix(".mp4").unlink(),
            r"visit\.json: needs one video visit\.mp4 beside it, has none",
        ),
        (
            lambda path: shutil.copy(SAMPLE, path.with_suffix(".mkv")),
            r"needs one video .* has visit\.mkv and visit\.mp4",
        ),
        (other_video, r"visit\.mp4: is not the video of visit\.json"),
        (again, r"zz\.json: is of the same video as .*visit\.json"),
        (lambda path: path.unlink(), "no personN/NAME.json"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    result: Path, tmp_path: Path, spoil: Callable[[Path], Any], words: str
) -> None:
    spoil(result)
    with pytest.raises(DatasetError, match=words) as refusal:
        corrected.read(tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_person_who_is_wanted_has_to_be_there(result: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no folders of subjects \[3\]"):
        corrected.read(tmp_path, [3, 7])


def test_no_window_straddles_a_boundary() -> None:
    def of(start_s: float, end_s: float) -> tuple[float, ...]:
        return windows(Segment(SAMPLE, SAMPLE, 1, LABELS[0], start_s, end_s), 3.6)

    assert of(0.0, 3.5) == ()
    assert of(5.0, 8.6) == (5.0,)
    assert of(5.0, 9.6) == (5.5,)
    assert of(0.0, 7.2) == (0.0, 3.6)
    assert of(2.0, 12.8) == (2.0, 5.6, 9.2)
    assert of(2.0, 14.0) == pytest.approx((2.0, 6.2, 10.4))
