"""The networks, each built from the architecture in its specification."""

from msgspec.structs import asdict
from torch import nn

from inference.model_spec import Architecture, AudioVisualArchitecture, EegNetArchitecture, SystemArchitecture
from inference.models.audio_visual import build_audio_visual


def build_model(architecture: Architecture, classes: int) -> nn.Module:
    """Build the untrained network of an architecture. Raises ValueError where it names an unknown part."""
    if isinstance(architecture, AudioVisualArchitecture):
        return build_audio_visual(classes=classes, **asdict(architecture))
    if isinstance(architecture, EegNetArchitecture):
        from inference.models.eegnet import EEGNet

        return EEGNet(classes=classes, **asdict(architecture))
    if isinstance(architecture, SystemArchitecture):
        from inference.models import zoo
        from inference.models.zoo._pretrained import restoring

        with restoring():
            return zoo.build(architecture.system, classes=classes, **architecture.options)
    from inference.models.fusion import build_fusion

    return build_fusion(classes=classes, **asdict(architecture))
