"""What the front ends of a configuration make is what its system reads, at both sizes."""

from typing import Any

import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray

from inference import front_ends
from inference.front_ends.signals import Biosignal, Crop, Signals, Sound
from inference.models import zoo
from training.schema.configuration import FOLDER


class Grey:
    """Images of one colour."""

    def sample(self, times_s: NDArray[np.float64], crop: Crop, size: int) -> NDArray[np.uint8]:
        """As many as were asked for."""
        return np.full((len(times_s), size, size, 3), 128, np.uint8)


def _recorded(channels: int) -> Signals:
    noise = np.random.default_rng(0).normal(size=(channels, 20 * 250)).astype(np.float32)
    named = ("Fp1", "Fp2", *(f"E{channel}" for channel in range(2, channels)))
    return Signals(
        seconds=20,
        images=Grey(),
        sound=Sound(noise[0, :4000].repeat(80), 16_000),
        eeg=Biosignal(noise, 250, named),
        bio=Biosignal(noise, 250, named),
        features={"de_LDS": np.zeros((20, 62, 5), np.float32)},
    )


@pytest.mark.slow
@pytest.mark.parametrize("size", ["paper", "small"])
@pytest.mark.parametrize("name", zoo.names())
def test_the_configured_front_ends_fit(name: str, size: str) -> None:
    configuration: dict[str, Any] = yaml.safe_load((FOLDER / "zoo" / f"{name}.yaml").read_text())
    sized = configuration["sizes"][size]
    with torch.device("meta"):
        system = zoo.build(name, **{"classes": 2, **sized.get("options", {})})
    signals = _recorded(next((shape[0] for key, shape in system.inputs.items() if key in ("eeg", "bio")), 30))
    made = {
        key: front_ends.build(given["kind"], **given.get("settings", {})).compute(
            signals, 1.0, configuration["window_s"]
        )
        for key, given in sized["inputs"].items()
    }
    assert {key: values.shape for key, values in made.items()} == system.inputs
