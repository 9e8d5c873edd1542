"""Reads a file of markers or a transcript in a sandbox."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from inference.annotations import captions, delimited, eaf, textgrid, xdf
from inference.annotations.types import MAX_ANNOTATIONS, Annotation, unreadable
from inference.errors import Code, InputError
from inference.sandbox.client import sandboxed


class AnnotationFormat(StrEnum):
    """The formats that are read."""

    CSV = "csv"
    BIDS = "bids"
    EAF = "eaf"
    TEXTGRID = "textgrid"
    XDF = "xdf"
    VTT = "vtt"
    SRT = "srt"


MARKER_FORMATS = (
    AnnotationFormat.CSV,
    AnnotationFormat.BIDS,
    AnnotationFormat.EAF,
    AnnotationFormat.TEXTGRID,
    AnnotationFormat.XDF,
)
TRANSCRIPT_FORMATS = (AnnotationFormat.VTT, AnnotationFormat.SRT, AnnotationFormat.TEXTGRID)
SUFFIXES: Mapping[str, AnnotationFormat] = MappingProxyType(
    {f".{each}": each for each in AnnotationFormat if each is not AnnotationFormat.BIDS}
    | {".tsv": AnnotationFormat.BIDS}
)
MAX_BYTES = 10 * 2**20
MAX_XDF_BYTES = 500 * 2**20  # signals stand between the markers
_READERS = {
    AnnotationFormat.CSV: delimited.read_csv,
    AnnotationFormat.BIDS: delimited.read_bids,
    AnnotationFormat.EAF: eaf.read_eaf,
    AnnotationFormat.TEXTGRID: textgrid.read_textgrid,
    AnnotationFormat.VTT: captions.read_vtt,
    AnnotationFormat.SRT: captions.read_srt,
}


def read_annotations(
    path: Path, name: AnnotationFormat, *, zero_stream: str = "", zero_s: float | None = None
) -> tuple[Annotation, ...]:
    """Return what the file says, in its order; the last two are of XDF (`xdf.read_xdf`).

    Raises InputError(TOO_LARGE | IMPORT_UNREADABLE | TOO_COSTLY).
    """
    limit = MAX_XDF_BYTES if name is AnnotationFormat.XDF else MAX_BYTES
    if path.stat().st_size > limit:
        raise InputError(Code.TOO_LARGE, f"The file has more than {limit // 2**20} MB: export less of it.")
    try:
        found = _read(path, name, zero_stream, zero_s)
    except InputError as error:
        if error.code is not Code.READER_CRASHED:
            raise
        raise unreadable(f"The file breaks the program that reads it as {name}: export it again.") from error
    return found


@sandboxed()
def _read(path: Path, name: AnnotationFormat, zero_stream: str, zero_s: float | None) -> tuple[Annotation, ...]:
    found = xdf.read_xdf(path, zero_stream, zero_s) if name is AnnotationFormat.XDF else _READERS[name](path)
    if len(found) > MAX_ANNOTATIONS:
        raise unreadable(f"The file has more than {MAX_ANNOTATIONS:,} annotations: export less of it.")
    return tuple(found)
