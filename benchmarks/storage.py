"""What sealing costs: keeping a file of 200 MB, reading it whole, and reading a part from its middle.

`python -m benchmarks.storage` does each in a plain and in a sealed folder, prints the table and writes it to
docs/benchmarks/storage.md. Both are warm: files lie in the page cache, so that the seal itself is what is measured.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.reporting import ROOT, circumstances

REPORT = ROOT / "docs/benchmarks/storage.md"
FILE_BYTES, PART_BYTES, RUNS = 200 * 10**6, 10**6, 9
KEY = bytes(range(32))


def measure(place: Path) -> dict[str, tuple[float, float]]:
    """Median seconds in a plain and in a sealed folder, by what was done."""
    os.environ |= {"EMOTRACE_DATA_DIR": str(place), "DJANGO_SETTINGS_MODULE": "webapp.config.settings"}
    import django

    django.setup()
    from django.conf import settings

    found: dict[str, list[float]] = {}
    for keys in ((), (KEY,)):
        settings.ENCRYPTION_KEYS = keys
        for name, seconds in _times(settings.FILE_UPLOAD_TEMP_DIR).items():
            found.setdefault(name, []).append(seconds)
    return {name: (plain, sealed) for name, (plain, sealed) in found.items()}


def _times(scratch: Path) -> dict[str, float]:
    from django.core.files.base import File

    from webapp.storage import media

    made = scratch / "made"
    made.write_bytes(os.urandom(FILE_BYTES))
    store = media.storage()

    def write() -> None:
        # Through a copy in both cases: a plain file that is already there would only be renamed.
        with made.open("rb") as content:
            store.delete(store.save("recordings/benchmark/written", File(content)))

    with made.open("rb") as content:
        kept = store.save("recordings/benchmark/file", File(content))

    def read(start: int, size: int) -> None:
        with store.open(kept) as file:
            file.seek(start)
            while size > 0:
                size -= len(file.read(min(media.CHUNK_BYTES, size)))

    try:
        return {
            "write 200 MB": _median(write),
            "read 200 MB": _median(lambda: read(0, FILE_BYTES)),
            "read 1 MB from the middle": _median(lambda: read(FILE_BYTES // 2, PART_BYTES)),
        }
    finally:
        store.delete(kept)
        made.unlink()


def _median(done: Callable[[], None]) -> float:
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        done()
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="emotrace-benchmark-") as place:
        found = measure(Path(place) / "var")
    rows = "\n".join(
        f"| {name} | {1000 * plain:.1f} | {1000 * sealed:.1f} | {sealed / plain:.1f} |"
        for name, (plain, sealed) in found.items()
    )
    text = (
        "# Sealed media\n\n"
        f"{circumstances()}. Median of {RUNS} runs in milliseconds, files in the page cache.\n\n"
        f"| What | Plain | Sealed | Sealed : plain |\n| --- | --- | --- | --- |\n{rows}\n"
    )
    print(text)
    REPORT.write_text(text)


if __name__ == "__main__":
    main()
