"""The nginx of deploy/nginx on this machine: its folder, and how it is started."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from cluster.tools import find_tool

DEPLOYED = Path(__file__).resolve().parents[1] / "deploy" / "nginx"
AS_DEPLOYED = ("nginx.conf", "shop.conf", "upload.conf")
_SERVER = "server 127.0.0.1:{port} max_fails=3 fail_timeout=10s;\n"
_LISTEN = "server {{\n    listen 127.0.0.1:{port};\n    include shop.conf;\n}}\n"


def lay_out(folder: Path, *, listen: str, ports: Sequence[int]) -> None:
    """Put its files into the folder: those of deploy/, and `listen.conf` and `servers.conf` for this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in AS_DEPLOYED:
        shutil.copyfile(DEPLOYED / name, folder / name)
    (folder / "listen.conf").write_text(listen)
    (folder / "servers.conf").write_text("".join(_SERVER.format(port=port) for port in ports))


def listen_on(port: int) -> str:
    """Return the `listen.conf` of a port of 127.0.0.1 without TLS."""
    return _LISTEN.format(port=port)


def command(folder: Path, *more: str) -> list[str]:
    """Return what starts it in the foreground, as one process that can be killed. Raises ToolMissing."""
    # As root it would change to an account that may not enter this folder.
    account = "user root; " if os.geteuid() == 0 else ""
    return [
        find_tool("nginx"),
        *("-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"),
        *("-g", f"{account}daemon off; master_process off;"),
        *more,
    ]
