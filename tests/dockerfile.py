"""Runs a Dockerfile's own steps without an engine: each stage a folder, in which bubblewrap runs what RUN says.

Of the base image stands in what this machine has: /usr as it is, and a Python in a fresh /usr/local.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

BASE_PREFIX = Path(sys.base_prefix)
NETWORK = re.compile(r"(PIP|UV|SSL|REQUESTS)_\w+|(https?|no|all)_proxy", re.IGNORECASE)
"""The variables by which this machine reaches its package index; an image is built with its builder's."""

LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def why_not() -> str | None:
    """Why no Dockerfile can be run here, in words for a skipped test."""
    if os.geteuid() != 0:
        return "the steps of a Dockerfile are run by root, and this is not"
    if str(BASE_PREFIX) == "/usr/local":
        return "this Python is in /usr/local, where a stage has its own"
    if shutil.which("bwrap") is None or shutil.which("setpriv") is None:
        return "no bubblewrap here (Debian's package bubblewrap), or no setpriv"
    probe = ["bwrap", "--ro-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "--dev", "/dev", "true"]
    ended = subprocess.run(probe, capture_output=True, text=True)
    return f"bubblewrap is not allowed to work here: {ended.stderr.strip()}" if ended.returncode else None


Step = tuple[str, str]


def read_stages(text: str) -> dict[str, list[Step]]:
    """Steps by stage. A stage with no name has its number."""
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    stages: dict[str, list[Step]] = {}
    steps: list[Step] = []  # before the first FROM are only ARGs of it
    for line in filter(None, map(str.strip, lines)):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            _, _, name = rest.partition(" AS ")
            steps = stages.setdefault(name or str(len(stages)), [])
        else:
            steps.append((instruction, rest.strip()))
    return stages


@dataclass
class Image:
    """A stage that is made: its folder, and what its steps say of the container."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/usr/sbin"})
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("usr", "usr-local", "proc", "dev", "tmp", "opt", "root", "var/lib", "var/log", "run"):
            (self.root / name).mkdir(parents=True)
        for name in LINKS:
            if (Path("/") / name).is_symlink():
                (self.root / name).symlink_to(f"usr/{name}")
        shutil.copytree("/etc", self.root / "etc", symlinks=True, ignore=shutil.ignore_patterns("resolv.conf", "*.pid"))
        if Path("/etc/resolv.conf").exists():
            shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
        (self.root / str(BASE_PREFIX).lstrip("/")).mkdir(parents=True, exist_ok=True)
        self.run(str(BASE_PREFIX / "bin/python3"), "-m", "venv", "/usr/local")

    def sandbox(self, *, read_only: bool = False) -> Iterator[str]:
        """The words before a program that runs in it."""
        bind = "--ro-bind" if read_only else "--bind"
        yield from ("bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--clearenv", "--cap-add", "ALL")
        yield from (bind, str(self.root), "/", "--ro-bind", "/usr", "/usr")
        yield from (bind, str(self.root / "usr-local"), "/usr/local")
        if not BASE_PREFIX.is_relative_to("/usr"):
            yield from ("--ro-bind", str(BASE_PREFIX), str(BASE_PREFIX))
        yield from ("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chmod", "1777", "/tmp")
        yield from ("--chdir", self.workdir)
        for name, value in self.environment.items():
            yield from ("--setenv", name, value)

    def run(self, *program: str) -> None:
        """As root, as RUN does. What it printed is in the error where it fails."""
        words = list(self.sandbox())
        for name in filter(NETWORK.fullmatch, os.environ):
            words += ["--setenv", name, os.environ[name]]
        ended = subprocess.run([*words, *program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ended.returncode:
            raise RuntimeError(f"{shlex.join(program)}\nended with {ended.returncode}:\n{ended.stdout[-3000:]}")

    def container(self, *program: str, volumes: dict[str, Path], **environment: str) -> list[str]:
        """The words that run a program as `docker run --read-only --tmpfs /tmp --cap-drop ALL` does."""
        words = list(self.sandbox(read_only=True))
        for inside, outside in volumes.items():
            words += ["--bind", str(outside), inside]
        for name, value in environment.items():
            words += ["--setenv", name, value]
        user, _, group = self.user.partition(":")
        words += ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        words += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
        return [*words, *program]


def build(dockerfile: Path, context: Path, folder: Path) -> Image:
    """Runs all stages; the last one's image."""
    images: dict[str, Image] = {}
    for name, steps in read_stages(dockerfile.read_text()).items():
        images[name] = image = Image(folder / name)
        for instruction, rest in steps:
            _take_step(image, instruction, rest, context, images)
    return image


def _take_step(image: Image, instruction: str, rest: str, context: Path, images: dict[str, Image]) -> None:
    match instruction:
        case "RUN":
            image.run("/bin/sh", "-c", rest)
        case "COPY":
            _copy(image, rest, context, images)
        case "ENV":
            for word in shlex.split(rest):
                name, _, value = word.partition("=")
                image.environment[name] = value.replace("$PATH", image.environment["PATH"])
        case "WORKDIR":
            (image.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            image.workdir = rest
        case "USER":
            image.user = rest
        case "VOLUME":
            image.volumes += rest.split()
        case "ENTRYPOINT":
            image.entrypoint = json.loads(rest)
        case "CMD":
            image.command = json.loads(rest)
        case "HEALTHCHECK":
            image.health = json.loads(rest.partition(" CMD ")[2])
        case "EXPOSE":
            pass
        case _:
            raise ValueError(f"This runs no {instruction}.")


def _copy(image: Image, rest: str, context: Path, images: dict[str, Image]) -> None:
    *sources, target = rest.split()
    if stage := re.match(r"--from=(\w+) ", rest):
        context = images[stage[1]].root
        sources = [source.lstrip("/") for source in sources[1:]]
    to = image.root / image.workdir.lstrip("/") / target if not target.startswith("/") else image.root / target[1:]
    for source in sources:
        if (context / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc") if not stage else None
            shutil.copytree(context / source, to, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(context / source, to)
