"""The web process, for servers that speak ASGI. It never imports torch."""

import os

from django.core.asgi import get_asgi_application

from webapp.storage import media

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
application = get_asgi_application()
media.create_directories()
