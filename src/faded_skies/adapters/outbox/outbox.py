"""A visible stand-in for the mail and push services: every message becomes a file that anybody here can read.

Mails are `<message id>.eml`, pushes `<message id>.json`. Ids are UUIDv7, so names sort by age. A message sent
twice overwrites itself; the newest 2,000 are kept.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import orjson

from faded_skies.adapters.smtp.composing import compose
from faded_skies.domains.notifications.ports import Email, Push, PushReport
from faded_skies.platform.outbound import refuse_inside_transaction

MOST_MESSAGES = 2_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A message in the outbox."""

    id: UUID
    content: Email | Push
    devices: int = 0


class Outbox:
    """Both a Mailer and a Pusher; the folder is made at the first message."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, message_id: UUID, email: Email) -> None:
        refuse_inside_transaction("The mailer")
        mail = compose(message_id, email, sender=self._sender)
        await asyncio.to_thread(self._write, f"{message_id}.eml", mail.as_bytes())

    async def push(
        self, message_id: UUID, push: Push, *, devices: Sequence[str], good_until: datetime | None = None
    ) -> PushReport:
        """Write the push, also for a person without devices, so that it can be seen; it is there at once."""
        del good_until
        refuse_inside_transaction("The pusher")
        content = orjson.dumps({"push": push, "devices": len(devices)}, option=orjson.OPT_INDENT_2)
        await asyncio.to_thread(self._write, f"{message_id}.json", content)
        return PushReport(reached=devices)

    def newest(self, most: int) -> list[Sent]:
        """Return the newest messages, newest first."""
        found = (self.find(UUID(Path(name).stem)) for name in reversed(self._names()[-most:]))
        return [sent for sent in found if sent is not None]

    def find(self, message_id: UUID) -> Sent | None:
        """Return one message, or None."""
        mail, push = (self._folder / f"{message_id}{suffix}" for suffix in (".eml", ".json"))
        try:
            return Sent(message_id, _read_email(mail.read_bytes()))
        except FileNotFoundError:
            pass
        try:
            written = orjson.loads(push.read_bytes())
        except FileNotFoundError:
            return None
        return Sent(message_id, Push(**written["push"]), written["devices"])

    def _write(self, name: str, content: bytes) -> None:
        """Put the file there whole or not at all, then let the oldest go."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._folder / f".{name}.{os.getpid()}"
        part.write_bytes(content)
        part.replace(self._folder / name)
        for old in self._names()[:-MOST_MESSAGES]:
            (self._folder / old).unlink(missing_ok=True)

    def _names(self) -> list[str]:
        """Return the names of all messages, the oldest first."""
        return sorted(path.name for path in self._folder.glob("[!.]*"))


def _read_email(raw: bytes) -> Email:
    message = message_from_bytes(raw, policy=policy.default)
    bodies = {
        subtype: part.get_content().replace("\r\n", "\n") if part is not None else ""
        for subtype in ("plain", "html")
        for part in [message.get_body((subtype,))]
    }
    unsubscribe = message["List-Unsubscribe"]
    return Email(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=bodies["plain"],
        html=bodies["html"],
        unsubscribe=None if unsubscribe is None else str(unsubscribe).strip(" <>"),
    )
