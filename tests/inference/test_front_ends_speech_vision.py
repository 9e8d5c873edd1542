"""Front ends of speech and vision, against formulas, known tones and other implementations."""

from typing import Any

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from inference import front_ends
from inference.errors import InputError
from inference.front_ends import fbank
from inference.front_ends.signals import Signals, Sound

TONE_HZ = 1000.0


class Ramp:
    """A recording whose image at t seconds is red 10 t, green 100 and blue 200; it notes what was asked."""

    def __init__(self) -> None:
        self.crops: list[str] = []

    def sample(self, times_s: NDArray[np.float64], crop: str, size: int) -> NDArray[np.uint8]:
        self.crops.append(crop)
        images = np.empty((len(times_s), size, size, 3), np.uint8)
        images[..., 0] = np.round(10 * times_s)[:, None, None]
        images[..., 1:] = (100, 200)
        return images


def _sine(rate: int, seconds: float = 5.0, amplitude: float = 0.5) -> Signals:
    times = np.arange(round(rate * seconds)) / rate
    return Signals(seconds, sound=Sound((amplitude * np.sin(2 * np.pi * TONE_HZ * times)).astype(np.float32), rate))


def _silence(rate: int = 16_000, seconds: float = 5.0) -> Signals:
    return Signals(seconds, sound=Sound(np.zeros(round(rate * seconds), np.float32), rate))


def test_images_are_taken_in_the_middle_of_equal_parts() -> None:
    images = front_ends.build("frames", count=5, size=8).compute(Signals(20, images=Ramp()), 5.0, 10.0)
    assert images.shape == (5, 3, 8, 8)
    assert images.dtype == np.float32
    assert images[:, 0, 0, 0] * 255 == pytest.approx([60, 80, 100, 120, 140])
    assert images[0, 1:, 0, 0] * 255 == pytest.approx([100, 200])


def test_one_image_is_the_middle_one() -> None:
    image = front_ends.build("faces", count=1, size=4).compute(Signals(20, images=Ramp()), 2.0, 6.0)
    assert image.shape == (1, 3, 4, 4)
    assert image[0, 0, 0, 0] * 255 == pytest.approx(50)


def test_faces_are_cut_out_and_frames_are_not() -> None:
    for name, crop in (("faces", "face"), ("frames", "frame")):
        images = Ramp()
        front_ends.build(name, count=1, size=4).compute(Signals(20, images=images), 0.0, 5.0)
        assert images.crops == [crop]


@pytest.mark.parametrize(
    ("normalisation", "expected"),
    [
        ("none", 100 / 255),
        ("half", 2 * 100 / 255 - 1),
        ("imagenet", (100 / 255 - 0.456) / 0.224),
    ],
)
def test_colours_are_normalised(normalisation: str, expected: float) -> None:
    front_end = front_ends.build("frames", count=1, size=2, normalisation=normalisation)
    assert front_end.compute(Signals(5, images=Ramp()), 0.0, 5.0)[0, 1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_mfcc_do_not_depend_on_the_rate_of_the_recording() -> None:
    front_end = front_ends.build("mfcc", coefficients=13)
    low, high = (front_end.compute(_sine(rate), 0.0, 5.0) for rate in (22_050, 44_100))
    assert low.shape == high.shape == (13, 216)
    assert np.abs(low - high)[1:6, 5:-5].mean() < 0.1 * np.abs(low)[1:6, 5:-5].mean()


@pytest.mark.slow
def test_features_of_a_tone_name_its_note_and_its_band() -> None:
    features = front_ends.build("mfcc-chroma-mel").compute(_sine(22_050), 0.0, 5.0)
    assert features.shape == (180,)
    assert features.dtype == np.float32
    assert features[40:52].argmax() == 11  # 1000 Hz lies nearest to B5, 988 Hz
    assert features[52:].argmax() == _slaney_band(TONE_HZ)


def _slaney_band(hz: float) -> int:
    """The filter, of 128 up to 11 025 Hz on Slaney's mel scale, whose centre is nearest."""
    centres = librosa.mel_frequencies(n_mels=130, fmin=0, fmax=11_025)[1:-1]
    return int(np.abs(centres - hz).argmin())


def test_a_filter_bank_has_its_maximum_where_the_tone_is() -> None:
    values = front_ends.build("fbank").compute(_sine(16_000), 0.0, 5.0)
    assert values.shape == (1024, 128)
    assert values.dtype == np.float32
    edges = np.linspace(1127 * np.log1p(20 / 700), 1127 * np.log1p(8000 / 700), 130)
    assert values[100].argmax() == np.abs(edges[1:-1] - 1127 * np.log1p(TONE_HZ / 700)).argmin()
    assert values[498:] == pytest.approx(4.2677393 / (2 * 4.5689974))  # 1 + (80 000 - 400) // 160 frames, then zeros
    assert np.abs(values[497] - values[498]).max() > 0.1


def test_longer_windows_are_cut() -> None:
    whole, part = (front_ends.build("fbank", frames=n).compute(_sine(16_000), 0.0, 5.0) for n in (498, 64))
    assert np.array_equal(whole[:64], part)


@pytest.mark.slow
def test_the_filter_bank_is_that_of_transformers() -> None:
    from transformers import ASTFeatureExtractor

    noise = np.random.default_rng(0).normal(0, 0.1, 80_000).astype(np.float32)
    ours = front_ends.build("fbank").compute(Signals(5, sound=Sound(noise, fbank.RATE)), 0.0, 5.0)
    theirs = ASTFeatureExtractor()(noise, sampling_rate=fbank.RATE, return_tensors="np")["input_values"][0]
    assert np.abs(ours - theirs).max() < 1e-3


@pytest.mark.parametrize("name", ["mfcc", "mfcc-chroma-mel", "fbank"])
@pytest.mark.filterwarnings("error")
def test_silence_and_the_end_of_the_trial_give_numbers(name: str) -> None:
    front_end = front_ends.build(name)
    assert np.isfinite(front_end.compute(_silence(), 0.0, 5.0)).all()
    assert front_end.compute(_silence(seconds=1.0), 0.5, 5.0).shape == front_end.compute(_silence(), 0.0, 5.0).shape


@pytest.mark.parametrize(
    ("name", "lacks"),
    [("mfcc", "sound"), ("mfcc-chroma-mel", "sound"), ("fbank", "sound"), ("faces", "images"), ("frames", "images")],
)
def test_what_was_not_recorded_is_named(name: str, lacks: str) -> None:
    with pytest.raises(InputError, match=f"reads {lacks}, which the recording lacks"):
        front_ends.build(name).compute(Signals(5), 0.0, 5.0)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("faces", {"count": 0}, r"^faces: Expected `int` >= 1 - at `\$.count`$"),
        ("frames", {"normalisation": "vgg"}, r"^frames: Invalid enum value 'vgg'"),
        ("mfcc-chroma-mel", {"rate": 16_000}, r"^mfcc-chroma-mel: Object contains unknown field `rate`"),
    ],
)
def test_settings_that_do_not_fit_are_named(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(front_ends.FrontEndError, match=message):
        front_ends.build(name, **settings)
