"""Votes of FER+ for images of FER-2013."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.__main__ import main
from training.data import fer2013, ferplus
from training.errors import DatasetError

COLUMNS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "NF")
ROWS = {
    "happy": [0, 8, 0, 0, 0, 0, 0, 1, 1, 0],
    "tie of neutral and angry": [5, 0, 0, 0, 5, 0, 0, 0, 0, 0],
    "contempt": [3, 0, 0, 0, 0, 0, 0, 7, 0, 0],
    "unknown": [2, 0, 0, 0, 0, 2, 0, 0, 6, 0],
    "not in FER+": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
}


def write_faces(path: Path, labels: list[int]) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48), dtype=np.uint8)
    classes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    np.savez(path, images=images, labels=np.array(labels, np.uint8), classes=classes)
    return path


def write_votes(path: Path, rows: list[list[int]], labels: list[int], **changes: Any) -> Path:
    parts: dict[str, Any] = {
        "votes": np.array(rows, np.uint8),
        "columns": COLUMNS,
        "row": np.where(np.any(rows, axis=1), np.arange(len(rows)), -1).astype(np.int32),
        "group": np.arange(len(rows), dtype=np.int32),
        "original": np.array(labels, np.uint8),
    }
    np.savez(path, **(parts | changes))
    return path


@pytest.fixture
def faces(tmp_path: Path) -> fer2013.Faces:
    return fer2013.read_npz(write_faces(tmp_path / "faces.npz", [3, 0, 4, 6, 1]))


@pytest.fixture
def votes(tmp_path: Path, faces: fer2013.Faces) -> ferplus.Votes:
    return ferplus.read(write_votes(tmp_path / "votes.npz", list(ROWS.values()), [3, 0, 4, 6, 1]), faces)


def shares(**given: float) -> list[float]:
    return [given.get(label, 0.0) for label in fer2013.LABELS]


def test_the_majority_is_of_the_seven_labels(votes: ferplus.Votes, faces: fer2013.Faces) -> None:
    labelled, agreement = votes.majority(faces)
    assert [fer2013.LABELS[label] for label in labelled.labels] == ["happy", "neutral", "neutral", "neutral"]
    assert agreement.tolist() == [8, 5, 3, 2]
    np.testing.assert_array_equal(labelled.images, faces.images[:4])


def test_single_votes_and_images_that_are_mostly_unknown_are_dropped(votes: ferplus.Votes) -> None:
    happy, tie, contempt, unknown, missing = votes.distribution("contempt-dropped").tolist()
    assert happy == shares(happy=1.0)
    assert tie == shares(neutral=0.5, angry=0.5)
    assert contempt == unknown == missing == shares()


def test_contempt_counts_as_disgust_where_asked(votes: ferplus.Votes) -> None:
    distribution = votes.distribution("contempt-as-disgust")
    np.testing.assert_allclose(distribution[2], shares(neutral=0.3, disgust=0.7))
    assert distribution[0].tolist() == shares(happy=1.0), "a single vote for contempt is dropped too"
    assert distribution[3].tolist() == shares()


def test_copies_are_found_across_parts(tmp_path: Path, votes: ferplus.Votes, faces: fer2013.Faces) -> None:
    group = np.array([70, 3, 71, 1, -1])
    path = write_votes(tmp_path / "other.npz", list(ROWS.values()), [3, 0, 4, 6, 1], group=group)
    assert votes.has_copy_in(ferplus.read(path, faces)).tolist() == [False, True, False, True, False]


def test_held_out_and_learned_faces_share_no_image(tmp_path: Path) -> None:
    labels = [number % 7 for number in range(12)]
    faces = fer2013.read_npz(write_faces(tmp_path / "train.npz", labels))
    rows = [[0, 10, *[0] * 8]] * 11 + [[0] * 10]
    groups = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, -1]  # 10 is a copy of 5, which is held out; 3 and 0 are tested
    write_votes(tmp_path / ferplus.TRAINING, rows, labels, group=np.array(groups))
    write_votes(tmp_path / "test.npz", rows[:2], labels[:2], group=np.array([3, 0]))
    tested = ferplus.read(tmp_path / "test.npz", fer2013.read_npz(write_faces(tmp_path / "few.npz", labels[:2])))
    learned, heldout = ferplus.split_training_part(tmp_path, faces, tested, "contempt-dropped", 5)
    np.testing.assert_array_equal(learned.faces.images, faces.images[[1, 2, 4, 6, 7, 8, 9]])
    np.testing.assert_array_equal(heldout.faces.images, faces.images[[5, 10]])
    assert {fer2013.LABELS[label] for label in learned.faces.labels} == {"happy"}
    assert learned.shares.shape == (7, 7)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"columns": (*COLUMNS[1:], "joy")}, "expected"),
        ({"votes": np.zeros((5, 8), np.uint8)}, "expected"),
        ({"original": np.array([3, 0, 4, 6, 2])}, "take its own part"),
    ],
)
def test_votes_laid_out_otherwise_are_refused(
    tmp_path: Path, faces: fer2013.Faces, changes: dict[str, Any], fault: str
) -> None:
    path = write_votes(tmp_path / "odd.npz", list(ROWS.values()), [3, 0, 4, 6, 1], **changes)
    with pytest.raises(DatasetError, match=rf"odd\.npz.*{fault}"):
        ferplus.read(path, faces)


def test_votes_of_other_images_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_faces(tmp_path / "faces.npz", [3, 0])
    odd = write_votes(tmp_path / "votes.npz", list(ROWS.values()), [3, 0, 4, 6, 1])
    evaluate = ["evaluate", "intermediate-attention-8@1", "--json", "--votes"]
    assert main([*evaluate, str(odd), "--faces", str(path)]) == 2
    assert capsys.readouterr().err.endswith("holds votes for 5 images, but there are 2: take its own part\n")
    assert main([*evaluate, str(tmp_path / "none.npz"), "--faces", str(path)]) == 2
    assert "none.npz: not the votes of FER+" in capsys.readouterr().err
    assert main([*evaluate, str(odd), "--speech", str(tmp_path)]) == 2
    assert "--faces" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_scores_the_majority_and_where_six_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = [3, 0, 4, 6, 1]
    faces, votes = write_faces(tmp_path / "faces.npz", labels), tmp_path / "votes.npz"
    write_votes(votes, list(ROWS.values()), labels)
    arguments = ["--faces", str(faces), "--votes", str(votes), "--json"]
    assert main(["evaluate", "intermediate-attention-8@1", *arguments]) == 0
    scored = json.loads(capsys.readouterr().out)["faces"]
    assert (scored["n"], scored["votes"]["n"], scored["votes"]["n_six"]) == (5, 4, 1)
    assert 0 < scored["votes"]["ece"] != scored["ece"]
    assert main(["evaluate", "intermediate-attention-5@1", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["faces"]["votes"]["n"] == 4
