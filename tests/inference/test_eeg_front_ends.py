"""Front ends of EEG: bands, entropy, statistics and shipped features, against formulas and known tones."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from inference import front_ends
from inference.errors import InputError
from inference.front_ends.signals import Biosignal, Signals

RATE = 200
SECONDS = 8.0


def recording(*rows: NDArray[np.float64], channels: Sequence[str] = (), rate: int = RATE) -> Signals:
    names = tuple(channels or (f"E{row}" for row in range(len(rows))))
    return Signals(seconds=SECONDS, eeg=Biosignal(np.stack(rows).astype(np.float32), rate, names))


def tone(frequency: float, amplitude: float = 20.0, rate: int = RATE) -> NDArray[np.float64]:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(int(SECONDS * rate)) / rate)


def noise(seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 10, int(SECONDS * RATE))


def test_a_tone_lies_in_its_band() -> None:
    found = front_ends.build("band-psd").compute(recording(tone(2), tone(6), tone(10), tone(20), tone(40)), 0, 4)
    assert found.shape == (5, 5, 7)
    assert found.dtype == np.float32
    assert (found.argmax(1) == np.arange(5)[:, None]).all()


def test_the_density_of_white_noise_is_its_variance_over_the_band() -> None:
    found = front_ends.build("band-psd", decibel=False).compute(recording(noise()), 0, SECONDS)
    assert found.mean() == pytest.approx(2 * 10**2 / RATE, rel=0.15)
    decibel = front_ends.build("band-psd").compute(recording(noise()), 0, SECONDS)
    np.testing.assert_allclose(decibel, 10 * np.log10(found), atol=1e-4)


@pytest.mark.parametrize("rate", [128, 200, 256, 500])
def test_steps_follow_the_window_whatever_the_rate(rate: int) -> None:
    flat = np.zeros(int(SECONDS * rate))
    found = front_ends.build("band-psd", step_s=0.1).compute(recording(flat, flat, rate=rate), 1.5, 4)
    assert found.shape == (2, 5, 31)
    assert (found == -60).all()


@pytest.mark.parametrize("segment_s", [1.0, 2.0])
def test_entropy_is_that_of_a_gaussian_with_the_power_of_the_tone(segment_s: float) -> None:
    found = front_ends.build("differential-entropy", segment_s=segment_s).compute(
        recording(tone(10), tone(20, 8)), 1, 2
    )
    assert found.shape == (2, 5)
    assert found[0, 2] == pytest.approx(0.5 * np.log(2 * np.pi * np.e * 20**2 / 2), abs=1e-3)
    assert found[1, 3] == pytest.approx(0.5 * np.log(2 * np.pi * np.e * 8**2 / 2), abs=1e-3)


def test_statistics_are_those_of_each_segment() -> None:
    signals = recording(noise(1), tone(10), noise(2), channels=("Cz", "FP2", "FP1"))
    found = front_ends.build("eeg-statistics").compute(signals, 2, 5)
    assert found.shape == (9, 12)
    window = front_ends.build("eeg").compute(signals, 2, 5).astype(np.float64)
    segment = window[2, 150:250]
    centred = (segment - segment.mean()) / segment.std()
    expected = [
        segment.mean(),
        segment.std(),
        (centred**3).mean(),
        (centred**4).mean() - 3,
        segment.min(),
        segment.max(),
    ]
    np.testing.assert_allclose(found[3, :6], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found[3, 6:9], [0, 20 / 2**0.5, 0], atol=0.5)


def test_statistics_of_a_flat_channel_are_finite() -> None:
    flat = np.zeros(int(SECONDS * RATE))
    found = front_ends.build("eeg-statistics").compute(recording(flat, noise(), channels=("Fp1", "Fp2")), 0, 5)
    assert np.isfinite(found).all()
    assert (found[:, :6] == 0).all()


def test_shipped_features_are_the_rows_of_the_window() -> None:
    features = np.arange(4 * 2 * 5, dtype=np.float32).reshape(4, 2, 5)
    signals = Signals(seconds=4, features={"de_LDS": features})
    build = front_ends.build
    np.testing.assert_array_equal(build("shipped-features").compute(signals, 2, 1), features[2])
    np.testing.assert_array_equal(build("shipped-features").compute(signals, 1, 2), features[1:3].mean(0))
    np.testing.assert_array_equal(build("shipped-features", window_s=2.0).compute(signals, 6, 2), features[3])
    with pytest.raises(InputError, match="reads the features de_LDS, which end at 4 s"):
        build("shipped-features").compute(signals, 4, 1)
    with pytest.raises(InputError, match="reads the features psd_LDS; the recording has de_LDS"):
        build("shipped-features", features="psd_LDS").compute(signals, 0, 1)


@pytest.mark.parametrize("name", ["band-psd", "differential-entropy", "eeg-statistics"])
def test_a_recording_without_eeg_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="reads EEG, which the recording lacks"):
        front_ends.build(name).compute(Signals(seconds=SECONDS), 0, 5)


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(InputError, match="up to 45 Hz, which a rate of 80 Hz cannot hold"):
        front_ends.build("band-psd").compute(recording(tone(10, rate=80), rate=80), 0, 4)
    with pytest.raises(InputError, match="reads the EEG channel Fp2, which the recording lacks"):
        front_ends.build("eeg-statistics").compute(recording(noise(), channels=("Fp1",)), 0, 5)
    with pytest.raises(ValueError, match=r"a window of 0\.5 s is shorter than a segment of 1 s"):
        front_ends.build("band-psd").compute(recording(noise()), 0, 0.5)
    with pytest.raises(front_ends.FrontEndError, match=r"band-psd: bands_hz 4-4\.5: narrower than the resolution"):
        front_ends.build("band-psd", bands_hz=[[4, 4.5]])
