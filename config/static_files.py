"""Static files with hashed names, compressed well enough: the best brotli can do took 15 s of a first start."""

from typing import Any

import brotli  # type: ignore[import-untyped]
from whitenoise.compress import Compressor  # type: ignore[import-untyped]
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

BROTLI_QUALITY = 6  # of 11: plotly is 10% larger than at 11, and ready thirty times sooner


class QuickCompressor(Compressor):  # type: ignore[misc]
    """WhiteNoise's compressor, without source maps (only developer tools ask for them)."""

    SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        """The middle way between speed and size."""
        packed: bytes = brotli.compress(data, quality=BROTLI_QUALITY)
        return packed


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """What settings.STORAGES names for static files. Imports between our ES modules name the hashed files too."""

    support_js_module_import_aggregation = True
    max_post_process_passes = 20  # a module's name depends on those it imports: a pass a step of the longest chain
    # Only in ours: other packages' modules import by names that no hashing can follow.
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )

    def create_compressor(self, **options: Any) -> Compressor:
        """Called by WhiteNoise for each collectstatic."""
        return QuickCompressor(**{**options, "extensions": QuickCompressor.SKIP_COMPRESS_EXTENSIONS})
