"""Static files named by their content, the imports between our ES modules too."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):
    """A browser may keep every file for a year: a changed module has a new name, and so has all that imports it."""

    support_js_module_import_aggregation = True
