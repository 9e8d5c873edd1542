"""MAHNOB-HCI: sessions with signals, video and what was felt, and what is refused by name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inference.front_ends import build
from tests.training.simulated_folders import rewrite, write
from training.data import bdf, layouts
from training.data.layouts import mahnob_hci
from training.errors import DatasetError

SESSION = Path("Sessions") / "2"
XML = SESSION / "session.xml"
BDF = SESSION / "Part_1_S_Trial1_emotion.bdf"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write("mahnob-hci", tmp_path_factory.mktemp("mahnob") / "mahnob")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "mahnob"))


def video(root: Path) -> Path:
    (found,) = (root / SESSION).glob("*.avi")
    return found


def test_sessions_come_by_subject_and_number(root: Path) -> None:
    shutil.copytree(root / SESSION, root / "Sessions" / "10")
    shutil.copytree(root / SESSION, root / "Sessions" / "1")
    rewrite(root / "Sessions" / "1" / "session.xml", '<subject id="1"', '<subject id="12"')
    corpus = layouts.read("mahnob-hci", root)
    assert [(trial.subject, trial.name) for trial in corpus.trials] == [
        ("1", "session 2"), ("1", "session 4"), ("1", "session 10"), ("12", "session 1"),
    ]  # fmt: skip
    assert corpus.threshold == 5 and corpus.dimensions == ("valence", "arousal", "dominance")
    assert corpus.made_of is not None
    rewrite(root / XML, 'feltCtrl="', 'feltCtrl="9" other="')
    assert layouts.read("mahnob-hci", root).trials[0].ratings["dominance"] == 9


def test_signals_are_those_of_the_clip(root: Path) -> None:
    trial = layouts.read("mahnob-hci", root).trials[0]
    signals = trial.read()
    assert signals.eeg is not None and signals.bio is not None and signals.images is not None
    assert (signals.seconds, signals.bio.rate, signals.bio.samples.shape) == (4, 256, (38, 1024))
    channels = mahnob_hci.EEG + mahnob_hci.PERIPHERAL
    np.testing.assert_array_equal(signals.bio.samples, bdf.read_channels(root / BDF, channels, 30, 4))
    np.testing.assert_array_equal(signals.eeg.samples, signals.bio.samples[:32])
    before = bdf.read_channels(root / BDF, channels, 0, 30)
    np.testing.assert_array_equal(signals.features["baseline"][29], before[:, -256:])
    assert build("bio").compute(signals, 0, 1).shape == (38, 128)


def test_sessions_of_the_other_experiment_are_counted(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = root / "Sessions" / "3300"
    other.mkdir()
    (other / "session.xml").write_text('<session sessionId="3300"><subject id="1"/></session>', encoding="utf-8")
    with caplog.at_level("INFO"):
        corpus = layouts.read("mahnob-hci", root)
    assert len(corpus.trials) == 2
    assert "1 of 3 sessions are of implicit tagging and are not read" in caplog.text


def test_a_session_without_video_has_no_images(root: Path) -> None:
    video(root).unlink()
    first, second = layouts.read("mahnob-hci", root).trials
    assert first.read().images is None and second.read().images is not None


def write_xml(text: str) -> Callable[[Path], object]:
    return lambda root: (root / XML).write_text(text, encoding="utf-8")


BOMB = '<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><session feltVlnc="&b;"><subject id="1"/></session>'


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            lambda root: [(root / "Sessions" / n).rename(root / "Sessions" / f"x{n}") for n in "24"],
            "no folders of sessions",
        ),
        (lambda root: (root / XML).unlink(), "2: has no session.xml"),
        (write_xml("no xml"), r"session\.xml: not XML"),
        (write_xml(BOMB), r"session\.xml: is larger than a session, or declares"),
        (write_xml("<session>" + " " * (1 << 20) + "</session>"), r"session\.xml: is larger"),
        (write_xml("<trial/>"), r"session\.xml: its root is trial, expected session"),
        (lambda root: rewrite(root / XML, "feltVlnc", "valence"), r"session\.xml: has no feltVlnc"),
        (
            lambda root: rewrite(root / XML, 'feltVlnc="', 'feltVlnc="1'),
            r"session\.xml: feltVlnc is 1\d, expected 1 to 9",
        ),
        (
            lambda root: rewrite(root / XML, 'feltArsl="', 'feltArsl="x'),
            r"session\.xml: feltArsl is 'x.', expected a num",
        ),
        (lambda root: rewrite(root / XML, 'id="1"', 'id="me"'), r"session\.xml: has no subject with a number"),
        (lambda root: (root / BDF).unlink(), r"2: has 0 files \*_emotion\.bdf, expected one"),
        (lambda root: shutil.copy(root / BDF, root / SESSION / "x_emotion.bdf"), "2: has 2 files"),
        (lambda root: shutil.copy(video(root), root / SESSION / "P_C1 trigger _C_Section_9.avi"), "2: has 2 videos"),
        (lambda root: (root / BDF).write_bytes(b"x"), r"emotion\.bdf: not a BDF file"),
        (
            lambda root: (root / BDF).write_bytes((root / BDF).read_bytes().replace(b"Resp ", b"Rasp ")),
            r"emotion\.bdf: has no channel Resp",
        ),
        (
            lambda root: (root / BDF).write_bytes((root / BDF).read_bytes()[: 40 * 256 + 50 * 39 * 256 * 3]),
            r"emotion\.bdf: is 50 s long, of which 60 s are before and after",
        ),
    ],
)
def test_a_session_that_does_not_fit_is_refused(root: Path, broken: Callable[[Path], object], message: str) -> None:
    broken(root)
    with pytest.raises(DatasetError, match=message):
        layouts.read("mahnob-hci", root)


def test_sessions_of_tagging_alone_are_refused(root: Path) -> None:
    for session in (root / "Sessions").iterdir():
        shutil.rmtree(session)
        session.mkdir()
        (session / "session.xml").write_text("<session/>", encoding="utf-8")
    with pytest.raises(DatasetError, match="none of 2 sessions is of the emotion experiment"):
        layouts.read("mahnob-hci", root)
