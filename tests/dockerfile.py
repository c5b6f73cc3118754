"""Runs the steps of a Dockerfile on plain folders, as root and without any container engine.

Each stage is an overlay over the same bare system, in which its steps run by chroot. It knows the instructions that
ours uses, and no others.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # that of images which say nothing
_OURS = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|PROXY|CERT|DEFAULT_TIMEOUT)|SSL_CERT_FILE|.*_(proxy|PROXY)"
)


@dataclass
class Stage:
    """A stage that was built: its root, and what its instructions said of the image."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    folder: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)


def read(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each with what follows it."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", lines)
    return [
        (word, rest.strip())
        for word, _, rest in (line.partition(" ") for line in joined.splitlines())
        if word
    ]


class Builder:
    """Builds the stages of one Dockerfile; `bare` is the system that its images stand for.

    The stages stay mounted below `work`: who made that unmounts them with it.
    """

    def __init__(self, context: Path, work: Path, bare: Path) -> None:
        self._context = context
        self._work = work
        self._bare = bare
        self._stages: dict[str, Stage] = {}

    def build(self, text: str) -> Stage:
        """Run every instruction and return the last stage. Raises CalledProcessError when a step fails."""
        stage = None
        for instruction, rest in read(text):
            if instruction == "FROM":
                name = rest.partition(" AS ")[2] or str(len(self._stages))
                stage = self._stages[name] = Stage(self._layer(name))
                continue
            assert stage is not None
            getattr(self, f"_{instruction.lower()}")(stage, rest)
        assert stage is not None
        return stage

    def _layer(self, name: str) -> Path:
        folders = {part: self._work / name / part for part in ("upper", "work", "root")}
        for folder in folders.values():
            folder.mkdir(parents=True)
        layers = f"lowerdir={self._bare},upperdir={folders['upper']},workdir={folders['work']}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, folders["root"]], check=True)
        root = folders["root"]
        for file in _NETWORK:  # as an engine lends them
            shutil.copyfile(file, root / file[1:])
        return root

    def _run(self, stage: Stage, rest: str) -> None:
        lent = {name: value for name, value in os.environ.items() if _OURS.fullmatch(name)}
        enter(stage, ["sh", "-ec", f"cd {stage.folder} && {rest}"], lent)

    def _copy(self, stage: Stage, rest: str) -> None:
        source, flag = self._context, re.match(r"--from=(\S+) ", rest)
        if flag:
            source, rest = self._stages[flag[1]].root, rest[flag.end() :]
        *names, target = rest.split()
        place = stage.root / os.path.join(stage.folder, target).lstrip("/")  # noqa: PTH118 - an absolute target wins
        for name in names:
            found = source / name.lstrip("/")
            if found.is_dir():
                ignored = shutil.ignore_patterns("__pycache__") if source == self._context else None
                shutil.copytree(found, place, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            else:
                into = place / found.name if target.endswith("/") else place
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, into)

    def _env(self, stage: Stage, rest: str) -> None:
        stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))

    def _workdir(self, stage: Stage, rest: str) -> None:
        stage.folder = rest
        (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _user(self, stage: Stage, rest: str) -> None:
        stage.user = rest

    def _entrypoint(self, stage: Stage, rest: str) -> None:
        stage.entrypoint = json.loads(rest)

    def _cmd(self, stage: Stage, rest: str) -> None:
        stage.command = json.loads(rest)

    def _healthcheck(self, stage: Stage, rest: str) -> None:
        stage.health = json.loads(rest.partition("CMD ")[2])

    def _label(self, stage: Stage, rest: str) -> None:
        """Nothing to run."""

    _expose = _stopsignal = _volume = _label


def enter(stage: Stage, argv: Sequence[str], more: Mapping[str, str] | None = None) -> None:
    """Run a program in a stage, as its build would. Raises CalledProcessError."""
    given = [f"{name}={value}" for name, value in {**(more or {}), **stage.environment}.items()]
    command = ["chroot", f"--userspec={stage.user}", str(stage.root), "/usr/bin/env", "-i", *given, *argv]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)


def running(stage: Stage, argv: Sequence[str], more: Mapping[str, str]) -> list[str]:
    """Return what runs a program in the image: with its account, a read-only root, and /data and /tmp to write to."""
    given = [f"{name}={value}" for name, value in {**stage.environment, **more}.items()]
    inside = shlex.join(
        ["chroot", f"--userspec={stage.user}", str(stage.root), "/usr/bin/env", "-i", *given, *argv]
    )
    root = shlex.quote(str(stage.root))
    fence = [
        f"mount --bind {root} {root}",
        f"mount -o remount,ro,bind {root}",
        f"mount -t tmpfs -o uid=10001,mode=0700 tmpfs {root}/data",
        f"mount -t tmpfs -o mode=1777 tmpfs {root}/tmp",
        f"exec {inside}",
    ]
    return ["unshare", "--mount", "sh", "-ec", "\n".join(fence)]
