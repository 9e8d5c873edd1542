"""The original csv of FER-2013, generated in its layout."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.test_training_data import write_faces
from training.data import fer2013
from training.errors import DatasetError

HEADER = "emotion,pixels,Usage"
WHOLE = " ".join(["7"] * 2304)


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_part_is_read_in_the_files_order(tmp_path: Path) -> None:
    counted = np.arange(2304) % 256
    path = write(
        tmp_path / "fer2013.csv",
        f"3,{WHOLE},Training",
        f"6,{WHOLE},PublicTest",
        f"5,{' '.join(map(str, counted))},Training",
        f"2,{WHOLE},PrivateTest",
    )
    faces = fer2013.read(path, "Training")
    assert [fer2013.LABELS[label] for label in faces.labels] == ["happy", "surprised"]
    assert faces.images.shape == (2, 48, 48) and faces.images.dtype == np.uint8
    np.testing.assert_array_equal(faces.images[1].ravel(), counted)
    assert [fer2013.LABELS[label] for label in fer2013.read(path, "PublicTest").labels] == ["neutral"]
    assert [fer2013.LABELS[label] for label in fer2013.read(path, "PrivateTest").labels] == ["fearful"]


def test_an_npz_comes_through_the_same_door(tmp_path: Path) -> None:
    path = write_faces(tmp_path / "faces.npz")
    np.testing.assert_array_equal(fer2013.read(path, "Training").images, fer2013.read_npz(path).images)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"0,{WHOLE} 7,Training", "2305 pixels"),
        ("0,7 7 7,Training", "3 pixels"),
        (f"0,{WHOLE[:-1]}256,Training", "from 0 to 255"),
        (f"0,{WHOLE[:-1]}x,Training", "from 0 to 255"),
        (f"7,{WHOLE},Training", "emotion is '7'"),
        (f"-1,{WHOLE},Training", "emotion is '-1'"),
        (f",{WHOLE},Training", "emotion is ''"),
        (f"0,{WHOLE},training", "Usage is 'training'"),
        (f"0,{WHOLE}", "Usage is None"),
    ],
)
def test_a_bad_row_is_named_by_file_and_row(tmp_path: Path, row: str, said: str) -> None:
    path = write(tmp_path / "fer2013.csv", f"0,{WHOLE},Training", row)
    with pytest.raises(DatasetError, match=rf"fer2013\.csv: row 3: .*{said}"):
        fer2013.read(path, "Training")


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "fer2013.csv", f"0,{WHOLE},Training")
    with pytest.raises(DatasetError, match=r"fer2013\.csv: no rows of the part PrivateTest"):
        fer2013.read(path, "PrivateTest")


def test_what_is_no_csv_of_the_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\x00\xff")
    write(tmp_path / "other.csv", "0,1", header="emotion,pixels")
    (tmp_path / "empty.csv").touch()
    for name in ("binary.csv", "other.csv", "empty.csv", "missing.csv"):
        with pytest.raises(DatasetError, match=name):
            fer2013.read(tmp_path / name, "Training")
