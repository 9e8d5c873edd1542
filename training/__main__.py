"""`python -m training fit CONFIG ... | evaluate NAME ... | simulate ... | report`."""

import importlib.util
import sys

# What the application itself does without; requirements-training.txt pins them.
_PACKAGES = ("jinja2", "lightning_fabric", "matplotlib", "mne", "sklearn", "yaml")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 2 for what can be named in one line on stderr."""
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        print(f"error: training needs {', '.join(missing)}: run `make training` once", file=sys.stderr)
        return 2
    from training import cli

    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
