"""A worker that dies between the mail server's yes and its own note: the mail goes again, with the same Message-ID."""

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from factories.identity import make_person
from faded_skies.bootstrap import Application
from faded_skies.domains.notifications import service
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from mail_peer import PASSWORD, USER, MailPeer, listening
from servers import environment_of, until, worker_process

MAILS = 6

pytestmark = pytest.mark.timeout(120)


async def test_killed_after_the_server_took_it(
    app: Application, settings: Settings, tmp_path: Path, quiet: Callable[[], Awaitable[None]]
) -> None:
    db = app.ports.db
    people = [await make_person(app) for _ in range(MAILS)]
    async with db.transaction() as tx:
        for user_id in people:
            await service.mail_password_changed(tx, user_id=user_id, change_id=new_id())
    expected = {f"<{row['id']}@fadedskies.example>" for row in await db.fetch("SELECT id FROM messages")}
    peer = MailPeer(tmp_path)
    async with listening(peer):
        mail = {
            "SMTP_HOST": "localhost",
            "SMTP_PORT": str(peer.port),
            "SMTP_USER": USER,
            "SMTP_PASS": PASSWORD,
            "SMTP_CA_FILE": str(peer.ca_file),
        }
        with worker_process(environment_of(settings) | mail, tmp_path / "worker.log") as worker:

            def kill_once(_: EmailMessage) -> None:
                peer.on_taken = None
                worker.process.kill()

            peer.on_taken = kill_once

            async def dead() -> bool:
                return not worker.is_running

            await until(dead, "the worker was killed in the middle of a mail")
            worker.kill()
            assert await db.fetchval("SELECT count(*) FROM messages WHERE sent_at IS NOT NULL") < MAILS
            # Three minutes later: the claims of the dead worker have ended.
            await db.fetch("UPDATE messages SET claimed_until = now()")
            worker.start()
            await quiet()
            assert worker.is_running

    taken = [str(message["Message-ID"]) for message in peer.taken]
    assert set(taken) == expected
    assert len(taken) > MAILS, "nothing was sent twice: the worker was killed too late"
    assert await db.fetchval("SELECT count(*) FROM messages WHERE sent_at IS NULL") == 0
