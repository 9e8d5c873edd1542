"""Static files under names that contain a hash of their contents, so that browsers cache them for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites the imports between JavaScript modules, so that a module never loads another release's."""

    support_js_module_import_aggregation = True
