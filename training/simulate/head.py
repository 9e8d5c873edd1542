"""The head that simulated EEG comes from: EAV's electrodes on a three-shell sphere, and dipoles inside it."""

from dataclasses import dataclass
from functools import cache

import mne
import numpy as np
from numpy.typing import NDArray

from inference.eeg import CHANNELS

Array = NDArray[np.float64]

MASTOIDS = ("M1", "M2")  # EAV's reference
DIPOLES = 800
DEPTHS_M = (0.055, 0.075)  # from the sphere's centre; the inner skull is at 0.089


@dataclass(frozen=True)
class Head:
    """`gain` (30, D, 3) in microvolt per nAm for dipoles at `directions` (D, 3), unit vectors from the centre.

    `electrodes` (30, 3) are unit vectors too. x points right, y forward, z up.
    """

    electrodes: Array
    directions: Array
    gain: Array

    def topography(self, towards: Array, orientation: Array) -> Array:
        """What (30,) the dipole nearest to the direction `towards` shows at the electrodes, per nAm."""
        nearest = int(np.argmax(self.directions @ towards))
        return self.gain[:, nearest] @ orientation


@cache
def head() -> Head:
    """Solve the forward problem once a process; needs no file beyond what MNE ships."""
    montage = mne.channels.make_standard_montage("colin27_1005")
    info = mne.create_info([*CHANNELS, *MASTOIDS], 500.0, "eeg", verbose="error")
    info.set_montage(montage, verbose="error")
    sphere = mne.make_sphere_model("auto", "auto", info, verbose="error")
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(4 * DIPOLES, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # the brain ends above the level of the nasion and the ears
    directions = directions[directions[:, 2] > -0.35][:DIPOLES]
    places = sphere["r0"] + directions * rng.uniform(*DEPTHS_M, size=(len(directions), 1))
    sources = mne.setup_volume_source_space(pos={"rr": places, "nn": directions}, sphere=sphere, verbose="error")
    solved = mne.make_forward_solution(
        info, trans=None, src=sources, bem=sphere, meg=False, eeg=True, mindist=0.0, verbose="error"
    )
    volts = solved["sol"]["data"].reshape(len(info.ch_names), len(directions), 3)
    volts = volts[: len(CHANNELS)] - volts[len(CHANNELS) :].mean(axis=0)
    electrodes = np.array([channel["loc"][:3] for channel in info["chs"][: len(CHANNELS)]]) - sphere["r0"]
    electrodes /= np.linalg.norm(electrodes, axis=1, keepdims=True)
    return Head(electrodes, directions, volts * 1e6 * 1e-9)
