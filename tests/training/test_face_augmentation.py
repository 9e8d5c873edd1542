"""Faces that are seen badly: shrunk, blurred, compressed."""

from pathlib import Path

import numpy as np
import pytest
import torch

from training.data import cache, fer2013
from training.features.alignment import align_faces
from training.features.augmentation import compress_faces, degrade_faces

FACES = torch.rand(64, 1, 48, 48, generator=torch.Generator().manual_seed(1))


def test_the_share_of_degraded_faces_is_the_one_asked_for() -> None:
    def degraded(share: float) -> torch.Tensor:
        changed = degrade_faces(FACES, share, torch.Generator().manual_seed(2)) != FACES
        return changed.flatten(1).any(dim=1).float().mean()

    assert degraded(0) == 0
    assert degraded(1) == 1
    assert abs(degraded(0.2) - (1 - 0.8**3)) < 0.15


def test_a_degraded_face_loses_what_is_fine_and_stays_in_range() -> None:
    faces = degrade_faces(FACES, 1, torch.Generator().manual_seed(2))
    assert faces.shape == FACES.shape
    assert faces.min() >= 0 and faces.max() <= 1
    assert (faces.std(dim=(1, 2, 3)) < 0.5 * FACES.std(dim=(1, 2, 3))).all()
    torch.testing.assert_close(faces.mean(dim=(1, 2, 3)), FACES.mean(dim=(1, 2, 3)), atol=0.03, rtol=0)


def test_compression_rounds_blocks_and_keeps_flat_ones() -> None:
    fine, coarse = (compress_faces(FACES, torch.full((64, 1, 1, 1), step)) for step in (1e-5, 0.1))
    torch.testing.assert_close(fine, FACES, atol=1e-3, rtol=0)
    assert (coarse - FACES).abs().mean() > 0.02
    flat = torch.full((1, 1, 48, 48), 0.5)
    torch.testing.assert_close(compress_faces(flat, torch.full((1, 1, 1, 1), 0.1)), flat, atol=0.01, rtol=0)


def test_an_image_without_a_face_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "DIRECTORY", tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    faces = fer2013.Faces(images, np.array([1, 2]))
    np.testing.assert_array_equal(align_faces(faces).images, images)
    assert list(tmp_path.glob("landmarks-*.npz"))
