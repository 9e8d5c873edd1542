"""Faces that are tracked in a thread of their own, while another computes what is heard."""

from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Condition, Thread

import numpy as np
import torch

from inference.face_tracking import NO_FACE
from inference.predictors.face_track import FaceTrack
from inference.types import Faces

_REPORT_S = 1.0  # between two reports of progress while somebody waits


class RunningFaceTrack(FaceTrack):
    """A face track that `fill` writes in a thread while the `with` block runs; it is stopped at the block's end.

    Of the recording's `samples`, those in `part` are tracked. `fill` yields how many samples are there so far, counted
    from the start of the recording. `on_progress` is called with their share, 0..1, by the thread that waits for them:
    where it grew, and while nothing comes.
    """

    def __init__(
        self,
        samples: int,
        features: int,
        step_s: float,
        fill: Callable[[FaceTrack], Iterator[int]],
        on_progress: Callable[[float], None],
        part: range | None = None,
    ) -> None:
        quality = np.zeros((samples, len(NO_FACE)))
        super().__init__(torch.zeros(samples, features), np.zeros(samples, dtype=bool), Faces(step_s, ()), quality)
        self._fill, self._on_progress = fill, on_progress
        self._changed = Condition()
        self._part = part or range(samples)
        self._done = self._part.start
        self._reported = 0.0
        self._ended = self._stopped = False
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name="faces", daemon=True)

    def __enter__(self) -> "RunningFaceTrack":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._thread.join()

    @property
    def share(self) -> float:
        """The share of the samples that are there, 0..1."""
        return 1.0 if self._ended else (self._done - self._part.start) / len(self._part)

    def wait_for(self, samples: int) -> None:
        """Wait for the first `samples` samples. Raises what stopped the tracking, and what `on_progress` raises."""
        wanted = min(samples, self._part.stop)
        while True:
            with self._changed:
                there = self._changed.wait_for(lambda: self._done >= wanted or self._ended, _REPORT_S)
            if self._error is not None:
                raise self._error
            share = self.share
            if share > self._reported or not there:
                self._reported = share
                self._on_progress(share)
            if there:
                return

    def _run(self) -> None:
        try:
            with closing(self._fill(self)) as counts:  # type: ignore[type-var]
                for count in counts:
                    with self._changed:
                        self._done = count
                        self._changed.notify_all()
                    if self._stopped:
                        return
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
