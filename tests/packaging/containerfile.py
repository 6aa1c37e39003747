"""Reads a Dockerfile and carries out its steps by chroot in roots that debootstrap makes: no container engine needed.

It knows what our Dockerfile uses and refuses everything else, so that a step is never skipped in silence.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = {
    "FROM", "ARG", "LABEL", "RUN", "COPY", "WORKDIR", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK",
    "ENTRYPOINT", "CMD",
}  # fmt: skip
BASES = {"debian:12-slim": "bookworm"}
CA = Path("/etc/ssl/certs/ca-certificates.crt")
# What a build behind a company's proxy is given; the same as `docker build --build-arg`.
PASSED = re.compile(r"(?i)(https?|no)_proxy|pip_(default_timeout|disable_.*)")
PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Stage:
    """One FROM: its steps, and what they leave for the image's configuration."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PLAIN_PATH})
    folder: str = "/"
    user: str = "root"
    settings: dict[str, str] = field(default_factory=dict)

    def words(self, name: str) -> list[str]:
        """ENTRYPOINT, CMD or VOLUME, which must be in exec form."""
        return [str(word) for word in json.loads(self.settings[name])]


def parse(text: str) -> list[Stage]:
    """Its stages in order. Raises ValueError for an instruction that is not known here."""
    stages: list[Stage] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, rest = line.split(None, 1)
        if word not in KNOWN:
            raise ValueError(f"{word} is not known")
        if word == "FROM":
            base, *name = re.split(r"\s+AS\s+", rest)
            stages.append(Stage(base, "".join(name)))
        else:
            stages[-1].steps.append((word, rest))
    for stage in stages:
        for word, rest in stage.steps:
            _note(stage, word, rest)
    return stages


def _note(stage: Stage, word: str, rest: str) -> None:
    if word in ("ENV", "ARG"):
        pairs = dict(pair.split("=", 1) for pair in shlex.split(rest))
        if word == "ENV":
            stage.environment |= pairs
        else:
            stage.settings |= {f"ARG {name}": value for name, value in pairs.items()}
    elif word == "WORKDIR":
        stage.folder = rest
    elif word == "USER":
        stage.user = rest
    elif word not in ("RUN", "COPY"):
        stage.settings[word] = rest


def build(stages: list[Stage], context: Path, place: Path, base: Path) -> Path:
    """Carries out every stage in a root of its own below `place`; the last one's root."""
    roots: dict[str, Path] = {}
    root = place
    for number, stage in enumerate(stages):
        root = place / f"stage-{number}"
        subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True)
        roots[stage.name] = root
        lent = _lend(root)
        folder = "/"
        for word, rest in stage.steps:
            if word == "WORKDIR":
                folder = rest
                (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
            elif word == "COPY":
                _copy(rest, context, roots, root, folder)
            elif word == "RUN":
                _run(rest, root, folder)
        for path in lent:
            path.unlink(missing_ok=True)
    return root


def _lend(root: Path) -> list[Path]:
    """The resolver and the CAs of this machine, for the build alone; what is to be taken away again."""
    resolver, lent = root / "etc/resolv.conf", root / "etc/build-ca.crt"
    shutil.copyfile("/etc/resolv.conf", resolver)
    if CA.exists():
        shutil.copyfile(CA, lent)
    return [resolver, lent]


def _run(command: str, root: Path, folder: str) -> None:
    environment = {"PATH": PLAIN_PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
    environment |= {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
    environment |= dict.fromkeys(("PIP_CERT", "NODE_EXTRA_CA_CERTS", "npm_config_cafile"), "/etc/build-ca.crt")
    script = 'mount -t proc proc "$1/proc" && exec chroot "$1" sh -c "cd $2 && $3"'
    space = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    done = subprocess.run(
        [*space, "sh", "-c", script, "sh", str(root), folder, command],
        env=environment, capture_output=True, text=True, timeout=420, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"RUN {command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def _copy(rest: str, context: Path, roots: dict[str, Path], root: Path, folder: str) -> None:
    words = shlex.split(rest)
    of = [word.removeprefix("--from=") for word in words if word.startswith("--from=")]
    *sources, target = [word for word in words if not word.startswith("--")]
    start = roots[of[0]] if of else context
    goal = root / (target if target.startswith("/") else f"{folder}/{target}").lstrip("/")
    for source in sources:
        found = start / source.lstrip("/")
        if found.is_dir():
            goal.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{found}/.", str(goal)], check=True)
        else:
            goal.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, goal)


def context_of(project: Path, place: Path) -> Path:
    """The build's context: what is under version control or new, without what .dockerignore leaves out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=project, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    ignored = [
        re.compile(_pattern(line))
        for line in (project / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    for name in listed:
        if any(one.match(name) for one in ignored) or not (project / name).is_file():
            continue
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / name, place / name)
    return place


def _pattern(line: str) -> str:
    text = re.escape(line).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return f"{text}(?:/|$)"
