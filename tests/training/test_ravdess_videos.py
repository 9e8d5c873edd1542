"""RAVDESS video: each take lies there twice and is read once."""

import shutil
from pathlib import Path

import pytest

from training.data import ravdess
from training.errors import DatasetError


def write(root: Path, *names: str, actor: int = 2) -> Path:
    folder = root / f"Video_Speech_Actor_{actor:02d}" / f"Actor_{actor:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_the_take_with_sound_is_read_and_its_silent_twin_is_not(tmp_path: Path) -> None:
    write(tmp_path, "01-01-05-01-01-01-02.mp4", "02-01-05-01-01-01-02.mp4", "01-01-01-01-02-01-02.MP4", ".DS_Store")
    write(tmp_path, "02-01-08-02-01-02-11.mp4", "01-01-08-02-01-02-11.mp4", actor=11)
    clips = ravdess.read_videos(tmp_path)
    assert [(clip.path.name, clip.label, clip.actor) for clip in clips] == [
        ("01-01-01-01-02-01-02.MP4", "neutral", 2),
        ("01-01-05-01-01-01-02.mp4", "angry", 2),
        ("01-01-08-02-01-02-11.mp4", "surprised", 11),
    ]
    assert [clip.actor for clip in ravdess.read_videos(tmp_path, [11])] == [11]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("01-01-09-01-01-01-02.mp4", "emotion 09"),
        ("01-01-01.mp4", "not a RAVDESS name"),
        ("take.mp4", "not a RAVDESS name"),
        ("01-01-01-01-01-01-05.mp4", "actor 05 lies in Actor_02"),
        ("01-02-01-01-01-01-02.mp4", "not a video of speech"),
        ("03-01-01-01-01-01-02.mp4", "not a video of speech"),
        ("02-01-03-01-01-01-02.mp4", r"there is no 01-01-03-01-01-01-02\.mp4"),
    ],
)
def test_a_video_that_does_not_belong_is_refused_by_name(tmp_path: Path, name: str, said: str) -> None:
    write(tmp_path, "01-01-05-01-01-01-02.mp4", name)
    with pytest.raises(DatasetError, match=f"{name}: .*{said}"):
        ravdess.read_videos(tmp_path)


def test_an_actor_in_the_folder_of_another_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, "01-01-05-01-01-01-02.mp4")
    folder.parent.rename(tmp_path / "Video_Speech_Actor_03")
    with pytest.raises(DatasetError, match="actor 02 lies in Video_Speech_Actor_03"):
        ravdess.read_videos(tmp_path)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        ravdess.read_videos(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"no .*01-\*\.mp4"):
        ravdess.read_videos(tmp_path)
    write(tmp_path, "01-01-05-01-01-01-02.mp4")
    with pytest.raises(DatasetError, match=r"\[7\]"):
        ravdess.read_videos(tmp_path, [2, 7])


def test_actors_may_lie_in_one_folder_without_their_archives(tmp_path: Path) -> None:
    folder = write(tmp_path, "01-01-05-01-01-01-02.mp4", "02-01-05-01-01-01-02.mp4")
    folder.rename(tmp_path / "Actor_02")
    clips = ravdess.read_videos(tmp_path)
    assert [(clip.path.name, clip.label, clip.actor) for clip in clips] == [("01-01-05-01-01-01-02.mp4", "angry", 2)]


def test_a_take_in_both_layouts_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, "01-01-05-01-01-01-02.mp4")
    shutil.copytree(folder, tmp_path / "Actor_02")
    with pytest.raises(DatasetError, match="the same take as"):
        ravdess.read_videos(tmp_path)
