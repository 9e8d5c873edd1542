"""MAHNOB-HCI: 27 subjects watch 20 film clips (Soleymani et al., IEEE TAC 3(1), 42, 2012).

`Sessions/N` holds a trial: `session.xml` with the subject and what was felt, on scales of 1 to 9, `*_emotion.bdf` with
the signals and 30 s before and after the clip, and the video of the face, `*_C1 trigger _C_Section_N.avi`, which begins
with the clip. Sessions of the other experiment, implicit tagging, have neither ratings nor `*_emotion.bdf`.
"""

import logging
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from inference.front_ends.signals import Biosignal
from training.data import bdf, eav, levels
from training.data.corpus import Corpus, LabelledTrial
from training.data.files import listed, named_errors
from training.data.layouts._files import SIMULATED, subfolder
from training.data.media import LazySignals, video_images
from training.errors import DatasetError

log = logging.getLogger(__name__)

NEUTRAL_S = 30  # before the clip, and after it
# fmt: off
EEG = (
    "Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7", "PO3", "O1", "Oz", "Pz",
    "Fp2", "AF4", "Fz", "F4", "F8", "FC6", "FC2", "Cz", "C4", "T8", "CP6", "CP2", "P4", "P8", "PO4", "O2",
)
# fmt: on
PERIPHERAL = ("EXG1", "EXG2", "EXG3", "GSR1", "Resp", "Temp")
"""Three of ECG, then skin, breath and temperature: the 38 channels of DeepVANet."""
FELT = {"valence": "feltVlnc", "arousal": "feltArsl", "dominance": "feltCtrl"}
"""Attributes of session.xml; the data set calls dominance control."""
_MAX_XML_BYTES = 1 << 20


def read(root: Path) -> Corpus:
    """The emotion sessions below `root` by subject and number. Raises DatasetError for a session that does not fit.

    Sessions of implicit tagging are counted in the log.
    """
    folder = subfolder(root, "Sessions") or root
    sessions = [path for path in listed(folder) if path.is_dir() and path.name.isdigit()]
    if not sessions:
        raise DatasetError(f"{folder}: no folders of sessions, which have numbers for names")
    trials = [trial for path in sessions if (trial := _session(path)) is not None]
    if not trials:
        raise DatasetError(f"{folder}: none of {len(sessions)} sessions is of the emotion experiment")
    if len(trials) < len(sessions):
        log.info(
            "%d of %d sessions are of implicit tagging and are not read", len(sessions) - len(trials), len(sessions)
        )
    trials.sort(key=lambda trial: (int(trial.subject), int(trial.name.rpartition(" ")[2])))
    made_of = SIMULATED if eav.simulated(root) else None
    return Corpus("MAHNOB-HCI", tuple(trials), threshold=levels.THRESHOLD, made_of=made_of)


def _session(folder: Path) -> LabelledTrial | None:
    xml = folder / "session.xml"
    if not xml.is_file():
        raise DatasetError(f"{folder}: has no session.xml")
    session = _parse(xml)
    signals = [path for path in listed(folder) if path.name.lower().endswith("_emotion.bdf")]
    felt = [attribute for attribute in FELT.values() if attribute in session.attrib]
    if not signals and not felt:
        return None
    if len(signals) != 1:
        raise DatasetError(f"{folder}: has {len(signals)} files *_emotion.bdf, expected one")
    if len(felt) < len(FELT):
        raise DatasetError(f"{xml}: has no {', '.join(sorted(set(FELT.values()) - set(felt)))}")
    videos = [
        path for path in listed(folder) if "_c1 trigger _c_" in path.name.lower() and path.suffix.lower() == ".avi"
    ]
    if len(videos) > 1:
        raise DatasetError(f"{folder}: has {len(videos)} videos *_C1 trigger _C_*.avi, expected one")
    (path,) = signals
    readers: dict[str, Callable[[], Any]] = {
        "eeg": partial(_signal, path, EEG),
        "bio": partial(_signal, path, EEG + PERIPHERAL),
        "features": partial(_features, path),
    }
    if videos:
        readers["images"] = partial(video_images, videos[0])
    return LabelledTrial(
        name=f"session {int(folder.name)}",
        subject=_subject(xml, session),
        read=partial(LazySignals, _seconds(path), **readers),
        ratings={
            name: levels.parse_rating(str(xml), attribute, session.get(attribute, ""))
            for name, attribute in FELT.items()
        },
        files=tuple(map(str, (path, *videos))),
    )


def _parse(xml: Path) -> ElementTree.Element:
    """The session. Raises DatasetError for a file that is no XML, or declares entities, which sessions do not."""
    with named_errors(xml):
        text = xml.read_bytes()
    if len(text) > _MAX_XML_BYTES or b"<!" in text.replace(b"<!--", b""):
        raise DatasetError(f"{xml}: is larger than a session, or declares a document type")
    try:
        session = ElementTree.fromstring(text)  # noqa: S314 - without declarations nothing expands
    except ElementTree.ParseError as error:
        raise DatasetError(f"{xml}: not XML: {error}") from error
    if session.tag != "session":
        raise DatasetError(f"{xml}: its root is {session.tag}, expected session")
    return session


def _subject(xml: Path, session: ElementTree.Element) -> str:
    found = session.find("subject")
    number = "" if found is None else found.get("id", "")
    if not number.isdigit():
        raise DatasetError(f"{xml}: has no subject with a number for its id")
    return str(int(number))


def _seconds(path: Path) -> float:
    header = bdf.read_header(path)
    if missing := [name for name in EEG + PERIPHERAL if name not in header.channels]:
        raise DatasetError(f"{path}: has no channel {', '.join(missing)}")
    seconds = header.seconds - 2 * NEUTRAL_S
    if seconds <= 0:
        raise DatasetError(
            f"{path}: is {header.seconds:g} s long, of which {2 * NEUTRAL_S} s are before and after a clip"
        )
    return seconds


def _signal(path: Path, channels: tuple[str, ...]) -> Biosignal:
    rate = bdf.read_header(path).rate
    return Biosignal(_recorded(path)[: len(channels), round(NEUTRAL_S * rate) :], rate, channels)


def _features(path: Path) -> dict[str, NDArray[np.float32]]:
    """`baseline` (30, 38, rate): the seconds before the clip."""
    rate = round(bdf.read_header(path).rate)
    before = _recorded(path)[:, : NEUTRAL_S * rate]
    return {"baseline": before.reshape(len(before), NEUTRAL_S, rate).swapaxes(0, 1)}


@lru_cache(maxsize=1)
def _recorded(path: Path) -> NDArray[np.float32]:
    """All channels (38, samples) of the session that was read last, without the seconds after the clip."""
    return bdf.read_channels(path, EEG + PERIPHERAL, 0.0, NEUTRAL_S + _seconds(path))
