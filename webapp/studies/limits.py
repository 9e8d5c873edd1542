"""How much a study may hold."""

from webapp.core.errors import RequestError, WebCode

MAX_PARTICIPANTS = 10_000  # of a project
MAX_VARIABLES = 200  # of a project
MAX_LEVELS = 100  # of a variable
MAX_STIMULI = 1_000  # of a project
MAX_COLLECTION_LINKS = 100  # of a project
MAX_COLLECTION_SESSIONS = 10_000  # of a link
MAX_COMPARISONS = 1_000  # of a project
MAX_MARKERS = 5_000  # of a recording
MAX_LINES = 10_000  # of a transcript
MAX_RECORDINGS = 10_000  # of one request


def require_at_most(limit: int, count: int, things: str, owner: str) -> None:
    """Raises RequestError(STUDY_LIMIT) if `count` of `things` are more than the `limit` that `owner` may have."""
    if count > limit:
        raise RequestError(
            WebCode.STUDY_LIMIT, f"{owner} may have {limit:,} {things}, and this makes {count:,}: remove some first."
        )
