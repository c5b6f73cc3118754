"""The first words of PostgreSQL's and Valkey's protocols, enough to ask whether a server is ready.

No driver is loaded for it: the engines are started before any event loop.
"""

import socket
import struct
from pathlib import Path
from typing import BinaryIO

from faded_skies.platform.embedded.errors import NotReady

TIMEOUT = 5.0  # seconds
PROTOCOL_3_0 = 196608


class StatementRefused(Exception):
    """PostgreSQL answered with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


def _connect(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(TIMEOUT)
    try:
        client.connect(str(path))
    except OSError as error:
        client.close()
        raise NotReady(str(error)) from error
    return client


def run_statement(path: Path, *, user: str, database: str, statement: str) -> None:
    """Run one statement on a trusting local server. Raises NotReady or StatementRefused."""
    parameters = f"user\0{user}\0database\0{database}\0\0".encode()
    query = statement.encode() + b"\0"
    with _connect(path) as client, client.makefile("rb") as answers:
        try:
            client.sendall(struct.pack("!ii", len(parameters) + 8, PROTOCOL_3_0) + parameters)
            _read_until_ready(answers)
            client.sendall(b"Q" + struct.pack("!i", len(query) + 4) + query)
            _read_until_ready(answers)
            client.sendall(b"X" + struct.pack("!i", 4))
        except OSError as error:
            raise NotReady(str(error)) from error


def _read_until_ready(answers: BinaryIO) -> None:
    """Read messages up to ReadyForQuery; an ErrorResponse on the way is raised."""
    while True:
        header = answers.read(5)
        if len(header) < 5:  # noqa: PLR2004 - a type byte and a length of four bytes
            raise NotReady("the server closed the connection")
        kind, length = struct.unpack("!ci", header)
        body = answers.read(length - 4)
        if kind == b"E":
            fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0")}
            raise StatementRefused(fields.get(b"C", ""), fields.get(b"M", "no message"))
        if kind == b"Z":
            return


def ping_valkey(path: Path) -> None:
    """Raise NotReady unless the server on this socket answers PONG."""
    with _connect(path) as client:
        try:
            client.sendall(b"PING\r\n")
            answer = client.recv(64)
        except OSError as error:
            raise NotReady(str(error)) from error
    if not answer.startswith(b"+PONG"):
        raise NotReady(answer.decode(errors="replace"))
