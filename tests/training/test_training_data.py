"""The data sets on disk, generated in their published layouts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from training.data import fer2013, ravdess
from training.data.synthetic_pairs import moving_head
from training.errors import DatasetError

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def write_faces(path: Path, count: int = 70, classes: tuple[str, ...] = CLASSES, **changes: Any) -> Path:
    generator = np.random.default_rng(0)
    parts: dict[str, Any] = {
        "images": generator.integers(0, 256, (count, 48, 48), dtype=np.uint8),
        "labels": (np.arange(count) % len(classes)).astype(np.uint8),
        "classes": np.array(classes),
    }
    np.savez(path, **(parts | changes))
    return path


def write_clip(root: Path, emotion: int, actor: int, repetition: int = 1, rate: int = 22050) -> Path:
    folder = root / f"Actor_{actor:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"03-01-{emotion:02d}-01-01-{repetition:02d}-{actor:02d}.wav"
    soundfile.write(path, np.random.default_rng(emotion).standard_normal(rate) * 0.1, rate)
    return path


def test_faces_are_labelled_by_name_whatever_the_order_of_the_classes(tmp_path: Path) -> None:
    faces = fer2013.read_npz(write_faces(tmp_path / "a.npz"))
    turned = fer2013.read_npz(write_faces(tmp_path / "b.npz", classes=CLASSES[::-1]))
    assert fer2013.LABELS[faces.labels[2]] == "fearful"
    assert fer2013.LABELS[turned.labels[2]] == "sad"
    assert fer2013.LABELS[turned.labels[0]] == "neutral"
    assert len(faces.of("happy")) == 10


@pytest.mark.parametrize(
    "changes",
    [
        {"images": np.zeros((70, 32, 32), dtype=np.uint8)},
        {"images": np.zeros((70, 48, 48), dtype=np.float32)},
        {"labels": np.zeros(69, dtype=np.uint8)},
        {"labels": np.full(70, 7, dtype=np.uint8)},
        {"classes": np.array(["a", "b", "c", "d", "e", "f", "g"])},
    ],
)
def test_faces_laid_out_otherwise_are_refused_by_name(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = write_faces(tmp_path / "faces.npz", **changes)
    with pytest.raises(DatasetError, match=r"faces\.npz"):
        fer2013.read_npz(path)


def test_faces_that_are_no_npz_are_refused(tmp_path: Path) -> None:
    (tmp_path / "faces.npz").write_text("no")
    for path in (tmp_path / "faces.npz", tmp_path / "missing.npz"):
        with pytest.raises(DatasetError, match=path.name):
            fer2013.read_npz(path)


def test_clips_come_in_order_with_label_and_actor(tmp_path: Path) -> None:
    for emotion, actor in ((8, 3), (1, 2), (5, 2)):
        write_clip(tmp_path, emotion, actor)
    clips = ravdess.read_clips(tmp_path)
    assert [(clip.label, clip.actor) for clip in clips] == [("neutral", 2), ("angry", 2), ("surprised", 3)]
    assert [clip.actor for clip in ravdess.read_clips(tmp_path, [3])] == [3]


def test_a_missing_actor_is_named(tmp_path: Path) -> None:
    write_clip(tmp_path, 1, 2)
    with pytest.raises(DatasetError, match="4"):
        ravdess.read_clips(tmp_path, [2, 4])


@pytest.mark.parametrize("name", ["03-01-09-01-01-01-02.wav", "03-01-01.wav", "03-01-01-01-01-01-05.wav", "speech.wav"])
def test_a_name_that_is_not_of_the_data_set_is_refused(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path, 1, 2)
    path.rename(path.with_name(name))
    with pytest.raises(DatasetError, match=name):
        ravdess.read_clips(tmp_path)


def test_an_unreadable_clip_is_named(tmp_path: Path) -> None:
    path = write_clip(tmp_path, 1, 2)
    path.write_bytes(b"RIFF")
    with pytest.raises(DatasetError, match=path.name):
        ravdess.read_sound(ravdess.read_clips(tmp_path)[0], 22050)


def test_sound_arrives_at_the_rate_asked_for(tmp_path: Path) -> None:
    write_clip(tmp_path, 1, 2, rate=48000)
    assert ravdess.read_sound(ravdess.read_clips(tmp_path)[0], 22050).shape == (22050,)


def test_a_moving_head_stays_the_same_face() -> None:
    image = np.zeros((48, 48), dtype=np.uint8)
    image[16:32, 16:32] = 200
    frames = moving_head(image, torch.Generator().manual_seed(5), 96)
    assert frames.shape == (15, 1, 96, 96)
    assert frames.min() >= 0 and frames.max() <= 1
    steps = (frames[1:] - frames[:-1]).abs().mean(dim=(1, 2, 3))
    assert (steps > 0).all(), "it moves at every step"
    assert steps.max() < 0.05, "and never jumps"
    assert torch.equal(frames, moving_head(image, torch.Generator().manual_seed(5), 96))
