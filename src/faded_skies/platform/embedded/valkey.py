"""Valkey: carts, sessions and the bus, kept on disk to the last second."""

from pathlib import Path
from signal import SIGTERM
from urllib.parse import quote

from faded_skies.platform.embedded import binaries, wire
from faded_skies.platform.embedded.account import Account
from faded_skies.platform.embedded.server import Server
from faded_skies.platform.embedded.sockets import make_socket_folder, socket_folder

SOCKET = "valkey.sock"


class Valkey:
    key = "valkey"
    name = "Valkey"

    def __init__(self, data: Path) -> None:
        self.place = data / "valkey"
        self.program = binaries.find_valkey()

    def lay_out(self) -> None:
        self.place.mkdir(mode=0o700, exist_ok=True)
        make_socket_folder(self.place, SOCKET, Account.current())

    def server(self) -> Server:
        settings = {
            "dir": str(self.place),
            "port": "0",
            "unixsocket": str(self._socket()),
            "unixsocketperm": "700",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
            "databases": "16",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return Server((str(self.program), *options), self._socket(), Account.current(), SIGTERM)

    def check(self) -> None:
        wire.ping_valkey(self._socket())

    def url(self) -> str:
        return f"unix://{quote(str(self._socket()))}?db=0"

    def _socket(self) -> Path:
        return socket_folder(self.place, SOCKET) / SOCKET
