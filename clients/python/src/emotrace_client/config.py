"""Which server, and with which token: from the environment, or as `emotrace login` wrote it down."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from emotrace_client.errors import EmotraceError


@dataclass(frozen=True)
class Login:
    url: str
    token: str


def path() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "emotrace" / "login.json"


def read() -> Login:
    """EMOTRACE_URL and EMOTRACE_TOKEN, else what was written down. Raises EmotraceError."""
    url, token = os.environ.get("EMOTRACE_URL"), os.environ.get("EMOTRACE_TOKEN")
    if url and token:
        return Login(url, token)
    try:
        kept = Login(**json.loads(path().read_text()))
    except FileNotFoundError:
        raise EmotraceError("not_logged_in", "Run emotrace login, or set EMOTRACE_URL and EMOTRACE_TOKEN.") from None
    except (OSError, ValueError, TypeError) as error:
        raise EmotraceError("bad_config", f"{path()} cannot be read ({error}). Run emotrace login anew.") from None
    if url and url != kept.url:
        # A token is for the server that made it, and is shown to no other.
        raise EmotraceError("not_logged_in", f"There is no token for {url}. Run emotrace login, or set EMOTRACE_TOKEN.")
    return Login(kept.url, token or kept.token)


def write(login: Login) -> Path:
    """Keep it where its owner alone can read it."""
    place = path()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(login), file)
    return fresh.replace(place)
