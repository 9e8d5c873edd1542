"""Registers system checks and configures static files."""

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class CoreConfig(AppConfig):
    """Shared code of all apps."""

    name = "webapp.core"

    def ready(self) -> None:
        from webapp.core import checks  # noqa: F401


class OwnStaticFilesConfig(StaticFilesConfig):
    """Leaves out files of packages that no page uses, some of which have imports that cannot be resolved."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *("redoc", "rest_framework", "hx-*", "jquery*"),
        *("bootstrap-*", "*.rtl.*", "bootstrap.css*", "bootstrap.esm*", "bootstrap.js*", "bootstrap.min.js*"),
        *("bootstrap.bundle.js*", "htmax*"),
    ]
