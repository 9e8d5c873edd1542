"""What recordings lose by leaving a project, in words."""

from django.template.defaultfilters import pluralize

from webapp.recordings.projects_and_tags import Losses

NAMES = {"participant": "participant", "variables": "values of variables", "stimuli": "links to stimuli"}


def losses_sentence(losses: Losses) -> str:
    """Return a sentence with a space before it; empty where nothing is lost."""
    parts = [
        f"{count} recording{pluralize(count)} lost {pluralize(count, 'its,their')} {NAMES[what]}"
        for what, count in losses.items()
    ]
    return f" By leaving a project, {', '.join(parts)}." if parts else ""
