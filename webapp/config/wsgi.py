"""The web process. It never imports torch."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from webapp.storage import media

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
application = get_wsgi_application()
media.create_directories()
get_resolver().url_patterns  # noqa: B018  imports the views
# A full collection would otherwise visit all modules, which takes a tenth of a second of somebody's request.
gc.collect()
gc.freeze()
