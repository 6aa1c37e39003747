"""Tests that run side by side cannot see each other."""

import os
from typing import Any

from django.conf import settings


def test_the_settings_name_this_workers_own_redis():
    assert os.environ["REDIS_URL"] == settings.REDIS_URL
    layers: Any = settings.CHANNEL_LAYERS
    assert layers["default"]["CONFIG"]["hosts"] == [settings.REDIS_URL]
    assert str(settings.DATA_DIR) == os.environ["DATA_DIR"]
