"""What a network's windows say at single moments."""

import numpy as np
import pytest

from inference.timeline.sampling import CELL_S, UNCOVERED, grid_times, sample_source, source_labels_on_grid
from inference.types import MediaInfo, Mode, Source, Timeline, Window

LABELS = ("neutral", "happy")
UNDETERMINED = len(LABELS)


def window(
    start_s: float, end_s: float, happy: float, seen: float = 1.0, source: Source = Source.AUDIO_VIDEO
) -> Window:
    return Window(start_s, end_s, source, (0.0, 0.0), (1 - happy, happy), seen, 0.0)


def timeline(duration_s: float, *windows: Window) -> Timeline:
    media = MediaInfo(duration_s, 640, 480, 25.0, True, True, "0" * 64)
    return Timeline(Mode.AUDIO_VIDEO, media, (), LABELS, windows, (), "")


@pytest.mark.parametrize(("duration_s", "count"), [(0.05, 1), (1.0, 5), (1.01, 6), (3600.0, 18_000)])
def test_cells_cover_the_recording(duration_s: float, count: int) -> None:
    found = grid_times(duration_s)
    assert len(found) == count
    assert found[0] == pytest.approx(CELL_S / 2)
    assert found[-1] - CELL_S / 2 < duration_s


def test_the_window_whose_middle_is_nearer_counts_more() -> None:
    found = sample_source(
        timeline(6, window(0, 4, 0.0), window(2, 6, 1.0)), Source.AUDIO_VIDEO, np.array([1.0, 2.5, 3.0, 5.0])
    )
    assert found.probabilities[:, 1].tolist() == pytest.approx([0.0, 0.25, 0.5, 1.0], abs=0.01)
    assert found.covered.all()


def test_windows_may_come_in_any_order() -> None:
    early, late = window(0, 4, 0.0), window(2, 6, 1.0)
    moments = grid_times(6)
    one = sample_source(timeline(6, early, late), Source.AUDIO_VIDEO, moments)
    other = sample_source(timeline(6, late, early), Source.AUDIO_VIDEO, moments)
    assert np.array_equal(one.probabilities, other.probabilities)


def test_other_sources_do_not_count_and_nothing_is_invented() -> None:
    found = sample_source(timeline(6, window(0, 2, 1.0, source=Source.EEG)), Source.EEG, np.array([1.0, 3.0]))
    assert found.covered.tolist() == [True, False]
    assert found.probabilities[1].tolist() == [0, 0]
    none = sample_source(timeline(6, window(0, 2, 1.0, source=Source.EEG)), Source.FUSION, np.array([1.0]))
    assert not none.covered.any()


def test_a_network_alone_is_undetermined_without_face_and_voice_and_uncovered_without_windows() -> None:
    path = source_labels_on_grid(timeline(6, window(0, 2, 0.9), window(2, 4, 0.9, seen=0.0)), Source.AUDIO_VIDEO)
    assert path.tolist() == [1] * 10 + [UNDETERMINED] * 10 + [UNCOVERED] * 10


def test_eeg_needs_neither_face_nor_voice() -> None:
    path = source_labels_on_grid(timeline(2, window(0, 2, 0.9, seen=0.0, source=Source.EEG)), Source.EEG)
    assert set(path.tolist()) == {1}
