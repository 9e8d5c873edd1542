"""How well a recording can be read: what its measures rest on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import Avg, F, Func, Q, Sum

from inference.types import UNDETERMINED, Source
from webapp.analyses.models import Analysis, FaceTrack, Segment, WindowScore

_SEVERAL = 0.1  # of the searched frames


@dataclass(frozen=True)
class Quality:
    """Shares 0..1 of a recording; None where that was not recorded.

    `face_share` and `voice_share` are means over the windows, `face_size` the median height of the face as a share of
    the picture's, `mean_confidence` the mean over the determined time. `frontal_share` is the share of the faces that
    look at the camera. There are `several_people` where a tenth of the frames that were searched as a whole show more
    than one.
    """

    face_share: float | None
    face_size: float | None
    voice_share: float | None
    mean_confidence: float | None
    frontal_share: float | None
    several_people: bool | None


UNKNOWN = Quality(None, None, None, None, None, None)


def qualities(analyses: Collection[UUID]) -> dict[UUID, Quality]:
    """The quality of each analysis that has a timeline."""
    windows = WindowScore.objects.filter(analysis__in=analyses, source=Source.AUDIO_VIDEO).values("analysis")
    means = windows.annotate(face_share=Avg("face"), voice_share=Avg("voice"))
    evidence = {pk: shares for pk, *shares in means.values_list("analysis", "face_share", "voice_share")}
    segments = Segment.objects.filter(Q(analysis__in=analyses) & ~Q(label=UNDETERMINED)).values("analysis")
    weighed = segments.annotate(mean=Sum(F("confidence") * F("duration_s")) / Sum("duration_s"))
    confidence = dict(weighed.values_list("analysis", "mean"))
    ready = Analysis.objects.filter(pk__in=analyses, timeline_at__isnull=False)
    tracks = _tracks(analyses)
    unknown, no_track = [None, None], _Track(None, None, None)
    return {
        pk: Quality(
            face_share=evidence.get(pk, unknown)[0],
            face_size=tracks.get(pk, no_track).face_size,
            voice_share=evidence.get(pk, unknown)[1],
            mean_confidence=confidence.get(pk),
            frontal_share=tracks.get(pk, no_track).frontal_share,
            several_people=tracks.get(pk, no_track).several_people,
        )
        for pk in ready.values_list("pk", flat=True)
    }


class _Track(NamedTuple):
    face_size: float | None
    frontal_share: float | None
    several_people: bool | None


def _tracks(analyses: Collection[UUID]) -> dict[UUID, _Track]:
    """What is known of the faces of each analysis that found any."""
    # A quarter of the boxes, which are thousands.
    heights = Func("boxes", template="(%(expressions)s)[:][4:4]", output_field=FaceTrack._meta.get_field("boxes"))
    rows = FaceTrack.objects.filter(analysis__in=analyses).values_list(
        "analysis", heights, "frontal", "people", "analysis__recording__height"
    )
    return {
        pk: _Track(
            face_size=float(np.median(faces) / height),
            frontal_share=float(np.mean(frontal)) if frontal else None,
            several_people=_are_several(people) if people else None,
        )
        for pk, faces, frontal, people, height in rows.iterator()
        if faces
    }


def _are_several(people: Sequence[int | None]) -> bool | None:
    counts = [count for count in people if count is not None]
    return float(np.mean(np.array(counts) > 1)) >= _SEVERAL if counts else None
