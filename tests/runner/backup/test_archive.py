"""The file of a backup: whole, private, and refused when anything in it is not as it was written."""

import io
import stat
import tarfile
from pathlib import Path

import pytest

from runner.backup import BackupError, archive
from runner.backup.archive import DUMP, Manifest

CONTENT = bytes(range(256)) * 40


def write(file: Path, content: bytes = CONTENT) -> Manifest:
    with archive.written(file) as output:
        parts = {DUMP: output.dump(io.BytesIO(content))}
        whole = Manifest("0.1.0", "2026-11-28T12:00:00+00:00", 18, [("sandboxes", "0001_initial")], False, 10, parts)
        output.manifest(whole)
    return whole


class Broken(io.BytesIO):
    """A dump that ends with its disk."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("no space")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


@pytest.mark.parametrize("size", [0, 1, 512, len(CONTENT)])
def test_archive_gives_back_what_was_written(file: Path, size: int) -> None:
    whole = write(file, CONTENT[:size])
    assert archive.read(file) == whole
    with archive.opened_dump(file) as source:
        assert source.read() == CONTENT[:size]


def test_archive_is_an_ordinary_tar_for_its_owner_alone(file: Path) -> None:
    write(file)
    with tarfile.open(file) as found:
        assert found.getnames() == [DUMP, "manifest.json"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_failed_backup_leaves_the_older_one(file: Path) -> None:
    write(file)
    before = file.read_bytes()
    with pytest.raises(OSError, match="no space"), archive.written(file) as output:
        output.dump(Broken())
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("kept", [0, 100, 600, 5_000, len(CONTENT) + 512, len(CONTENT) + 1_100])
def test_cut_archive_is_refused(file: Path, kept: int) -> None:
    write(file)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(BackupError, match=r"cut|damaged"):
        archive.read(file)


@pytest.mark.parametrize("place", [3, 140, 700, 512 + len(CONTENT) - 1, 512 + len(CONTENT) + 530])
def test_archive_with_one_changed_byte_is_refused(file: Path, place: int) -> None:
    write(file)
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(BackupError):
        archive.read(file)


def test_archive_of_a_later_format_is_refused(file: Path) -> None:
    write(file)
    file.write_bytes(file.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(BackupError, match="format 2"):
        archive.read(file)


def test_file_that_is_no_archive_is_refused(file: Path) -> None:
    file.write_bytes(b"PGDMP" + CONTENT)
    with pytest.raises(BackupError, match="no backup"):
        archive.read(file)
    with pytest.raises(BackupError, match="can't be read"):
        archive.read(file.with_name("missing"))
