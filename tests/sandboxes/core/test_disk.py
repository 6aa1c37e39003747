"""Room on the disk is low early, and full only when nothing more can be written."""

from types import SimpleNamespace

import pytest

from sandboxes.core.disk import GIB, Space, space


@pytest.mark.parametrize(
    ("free", "total", "low", "full"),
    [
        (50 * GIB, 100 * GIB, False, False),
        (6 * GIB, 1000 * GIB, False, False),
        (4 * GIB, 1000 * GIB, True, False),
        (3 * GIB, 20 * GIB, False, False),
        (1 * GIB, 20 * GIB, True, False),
        (GIB // 8, 20 * GIB, True, True),
    ],
)
def test_space_is_low_before_it_is_full(free, total, low, full):
    room = Space(free, total)
    assert (room.is_low, room.is_full) == (low, full)


def test_space_is_that_of_the_data_folder(settings, monkeypatch, tmp_path):
    settings.DATA_DIR = tmp_path
    usages = {tmp_path: SimpleNamespace(total=100, used=70, free=30)}
    monkeypatch.setattr("sandboxes.core.disk.shutil.disk_usage", lambda path: usages[path])
    assert space() == Space(free=30, total=100)
