"""Backbones without their batch norms give the same features."""

import pytest
import torch
from torch import nn

from inference.models.audio_visual import BACKBONES
from inference.models.batch_norm_folding import fold_batch_norms


@pytest.mark.parametrize("name", BACKBONES)
def test_features_stay_as_they_were(name: str) -> None:
    torch.manual_seed(0)
    backbone = BACKBONES[name]()
    for norm in backbone.modules():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None and norm.running_var is not None
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 1.5)
    faces = torch.rand(3, 3, 48, 48)
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    with torch.inference_mode():
        before = backbone.eval()(faces)
        fold_batch_norms(backbone)
        after = backbone(faces)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4 * float(before.abs().max()))
    assert sum(isinstance(module, nn.BatchNorm2d) for module in backbone.modules()) < norms / 5
