"""BDF files: what the simulation writes, MNE reads."""

from pathlib import Path

import mne
import numpy as np
import pytest

from training.data import bdf
from training.errors import DatasetError
from training.simulate import bdf_writer

RATE = 64


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, np.ndarray]:
    signals = np.random.default_rng(1).standard_normal((3, 5 * RATE)) * 1000
    status = np.zeros(5 * RATE, np.int64)
    status[RATE : RATE + 10] = 4 + (1 << 16)  # the bits above the trigger belong to the device
    status[2 * RATE : 2 * RATE + 10] = 5
    status[3 * RATE : 3 * RATE + 10] = 4
    path = tmp_path / "s01.bdf"
    bdf_writer.write(path, signals, ("Cz", "GSR1", "Temp"), {"GSR1": "Ohm", "Temp": "C"}, RATE, status)
    return path, signals


def test_mne_reads_what_was_written(recorded: tuple[Path, np.ndarray]) -> None:
    path, signals = recorded
    raw = mne.io.read_raw_bdf(path, verbose="error")
    assert raw.ch_names == ["Cz", "GSR1", "Temp", "Status"]
    np.testing.assert_allclose(raw.get_data(picks=["Cz"])[0], signals[0] * 1e-6, atol=2e-8)
    assert mne.find_events(raw, mask=0xFF, mask_type="and", verbose="error")[:, 0].tolist() == [64, 128, 192]


def test_channels_are_in_microvolt_or_in_the_unit_of_the_file(recorded: tuple[Path, np.ndarray]) -> None:
    path, signals = recorded
    assert bdf.read_header(path) == bdf.BdfHeader(("Cz", "GSR1", "Temp", "Status"), RATE, 5 * RATE)
    assert bdf.read_header(path).seconds == 5
    found = bdf.read_channels(path, ("Temp", "Cz", "GSR1"), 1.5, 2.0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, signals[[2, 0, 1], 96:224], atol=0.02)


def test_triggers_are_found_below_the_bits_of_the_device(recorded: tuple[Path, np.ndarray]) -> None:
    assert bdf.onsets(recorded[0], 4) == (1.0, 3.0)
    assert bdf.onsets(recorded[0], 5) == (2.0,)
    assert bdf.onsets(recorded[0], 7) == ()


def test_the_last_channel_holds_the_triggers_where_none_is_called_status(recorded: tuple[Path, np.ndarray]) -> None:
    path, _ = recorded
    path.write_bytes(path.read_bytes().replace(b"Status", b"      ").replace(b"Boolean", b"uV     "))
    assert bdf.onsets(path, 4) == (1.0, 3.0)


def test_what_cannot_be_read_is_refused_by_name(recorded: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    path, _ = recorded
    with pytest.raises(DatasetError, match=r"s01\.bdf: has no channel Fp1, Pz"):
        bdf.read_channels(path, ("Fp1", "Cz", "Pz"), 0, 1)
    with pytest.raises(DatasetError, match=r"s01\.bdf: ends at 5 s, but 4 to 6 s are read"):
        bdf.read_channels(path, ("Cz",), 4, 2)
    with pytest.raises(DatasetError, match=r"s01\.bdf: ends at 5 s, but -1 to 1 s"):
        bdf.read_channels(path, ("Cz",), -1, 2)
    for content in (b"", b"no header", path.read_bytes()[:300]):
        broken = tmp_path / "broken.bdf"
        broken.write_bytes(content)
        with pytest.raises(DatasetError, match=r"broken\.bdf: not a BDF file"):
            bdf.read_header(broken)
