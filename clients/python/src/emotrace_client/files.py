"""Files from the server, in as many pieces as the network makes of them."""

from pathlib import Path

import httpx

from emotrace_client.transport import Transport
from emotrace_client.tus import Progress


def fetch(transport: Transport, address: str, to: Path, progress: Progress | None) -> Path:
    """Write what is at `address` to `to`, which appears when it is whole. Raises EmotraceError."""
    part = to.with_name(f"{to.name}.part")
    tag: str | None = None

    def go_on() -> None:
        nonlocal tag
        have = part.stat().st_size if tag is not None and part.exists() else 0
        # Without If-Range, the end of another file could be put behind the beginning of this one.
        asked = {"Range": f"bytes={have}-", "If-Range": tag} if have and tag else {}
        with transport.stream(address, {"Accept-Encoding": "identity", **asked}) as response:
            have = have if response.status_code == httpx.codes.PARTIAL_CONTENT else 0
            tag = response.headers.get("ETag")
            whole = have + int(response.headers.get("Content-Length") or 0)
            with part.open("r+b" if have else "wb") as file:
                file.seek(have)
                for piece in response.iter_bytes():
                    have += file.write(piece)
                    if progress is not None:
                        progress(have, whole)

    try:
        transport.persist(go_on, progressed=lambda: part.stat().st_size if part.exists() else 0)
        return part.rename(to)
    finally:
        part.unlink(missing_ok=True)
