"""How well a recording can be read: what its measures rest on."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db.models import Avg, F, Q, Sum

from inference.types import UNDETERMINED, Source
from webapp.analyses.models import Analysis, FaceTrack, Segment, WindowScore


@dataclass(frozen=True)
class Quality:
    """Shares 0..1 of a recording; None where that was not recorded.

    `face_share` and `voice_share` are means over the windows, `face_size` the median height of the face as a share of
    the picture's, `mean_confidence` the mean over the determined time. Analyses record neither which faces look at the
    camera (`frontal_share`) nor whether there are `several_people`.
    """

    face_share: float | None
    face_size: float | None
    voice_share: float | None
    mean_confidence: float | None
    frontal_share: float | None = None
    several_people: bool | None = None


def qualities(analyses: Collection[UUID]) -> dict[UUID, Quality]:
    """The quality of each analysis that has a timeline."""
    windows = WindowScore.objects.filter(analysis__in=analyses, source=Source.AUDIO_VIDEO).values("analysis")
    means = windows.annotate(face_share=Avg("face"), voice_share=Avg("voice"))
    evidence = {pk: shares for pk, *shares in means.values_list("analysis", "face_share", "voice_share")}
    segments = Segment.objects.filter(Q(analysis__in=analyses) & ~Q(label=UNDETERMINED)).values("analysis")
    weighed = segments.annotate(mean=Sum(F("confidence") * F("duration_s")) / Sum("duration_s"))
    confidence = dict(weighed.values_list("analysis", "mean"))
    ready = Analysis.objects.filter(pk__in=analyses, timeline_at__isnull=False)
    sizes, unknown = _face_sizes(analyses), [None, None]
    return {
        pk: Quality(
            face_share=evidence.get(pk, unknown)[0],
            face_size=sizes.get(pk),
            voice_share=evidence.get(pk, unknown)[1],
            mean_confidence=confidence.get(pk),
        )
        for pk in ready.values_list("pk", flat=True)
    }


def _face_sizes(analyses: Collection[UUID]) -> dict[UUID, float]:
    """The median height of faces as a share of the picture's."""
    tracks = FaceTrack.objects.filter(analysis__in=analyses).values_list(
        "analysis", "boxes", "analysis__recording__height"
    )
    return {pk: float(np.median(np.array(boxes)[:, 3]) / height) for pk, boxes, height in tracks.iterator() if boxes}
