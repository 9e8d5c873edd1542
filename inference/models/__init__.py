"""The networks, each built from what its specification says."""

from typing import Any

from torch import nn

from inference.models.audio_visual import build_audio_visual


def build_model(spec: dict[str, Any]) -> nn.Module:
    """The untrained network that a spec.json describes."""
    architecture = dict(spec["architecture"])
    if spec["kind"] == "audio-video":
        return build_audio_visual(classes=len(spec["labels"]), **architecture)
    if spec["kind"] == "eeg":
        from inference.models.eegnet import EEGNet

        return EEGNet(classes=len(spec["labels"]), **architecture)
    from inference.models.fusion import build_fusion

    return build_fusion(classes=len(spec["labels"]), **architecture)
