"""The web process. It never imports torch."""

import os

from django.core.wsgi import get_wsgi_application

from webapp.storage import media

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
application = get_wsgi_application()
media.create_directories()
