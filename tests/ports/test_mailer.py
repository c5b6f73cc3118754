"""Mailers: the SMTP adapter is judged by aiosmtpd, an independent server; the outbox keeps the same promise."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from ssl import SSLError
from typing import Any, Literal

import pytest
from aiosmtplib import SMTPException
from pydantic import SecretStr

from faded_skies.adapters.outbox.outbox import Outbox
from faded_skies.adapters.smtp import mailer as smtp
from faded_skies.adapters.smtp.mailer import SmtpMailer
from faded_skies.domains.notifications.ports import Delayed, Email, Mailer, Undeliverable
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.outbound import NetworkInsideTransactionError
from faded_skies.platform.settings.messages import MailAccount
from mail_peer import PASSWORD, USER, MailPeer, listening
from servers import free_port

SENDER = "noreply@shop.example"
MAIL = Email(
    to="maya@example.com",
    subject="Grüße <b>&",
    text="Plain ☘ text\n.\nhttps://shop.example/?token=" + "x" * 90 + "\n",
    html="<p>Rich</p>\n",
)


def mailer(peer: MailPeer, **changes: Any) -> SmtpMailer:
    fields: dict[str, Any] = {
        "host": "localhost",
        "port": peer.port,
        "tls": peer.tls,
        "user": USER,
        "password": SecretStr(PASSWORD),
        "ca_file": peer.ca_file,
    }
    return SmtpMailer(MailAccount(**(fields | changes)), sender=SENDER)


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[MailPeer]:
    async with listening(MailPeer(tmp_path)) as running:
        yield running


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_mail_arrives_whole(tmp_path: Path, tls: Literal["starttls", "implicit"]) -> None:
    message_id = new_id()
    async with listening(MailPeer(tmp_path, tls=tls)) as peer:
        await mailer(peer).send(message_id, MAIL)
    assert peer.signed_in == [True]
    (taken,) = peer.taken
    assert taken["Message-ID"] == f"<{message_id}@shop.example>"
    assert (taken["From"], taken["To"]) == (f"Faded Skies <{SENDER}>", "maya@example.com")
    assert taken["Subject"] == MAIL.subject
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["List-Unsubscribe"] is None
    plain, html = (part.get_content() for part in taken.iter_parts())
    assert (plain.replace("\r\n", "\n"), html.replace("\r\n", "\n")) == (MAIL.text, MAIL.html)


async def test_offers_say_how_one_click_ends_them(peer: MailPeer) -> None:
    link = "https://api.shop.example/api/notifications/unsubscribe/t0k3n"
    await mailer(peer).send(new_id(), Email("m@example.com", "Offer", "text", "<p>html</p>", link))
    (taken,) = peer.taken
    assert taken["List-Unsubscribe"].strip() == f"<{link}>"
    assert taken["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("550 5.1.1 <maya@example.com>: no such user", Undeliverable),
        ("552 mailbox full", Undeliverable),
        ("451 4.7.1 greylisted", Delayed),
        ("450 mailbox busy", Delayed),
        ("503 out of order", Delayed),
        ("530 sign in first", Delayed),
    ],
)
async def test_a_refused_recipient(peer: MailPeer, answer: str, error: type[Exception]) -> None:
    peer.refuse["maya@example.com"] = answer
    with pytest.raises(error) as raised:
        await mailer(peer).send(new_id(), MAIL)
    assert str(raised.value).startswith(answer[:3])
    assert "maya@example.com" not in str(raised.value)
    assert peer.taken == []


@pytest.mark.parametrize(
    ("answer", "error"), [("554 looks like spam", Undeliverable), ("452 disk full", Delayed)]
)
async def test_a_refused_content(peer: MailPeer, answer: str, error: type[Exception]) -> None:
    peer.after_data = answer
    with pytest.raises(error, match=answer[:3]):
        await mailer(peer).send(new_id(), MAIL)


async def test_a_wrong_password_lets_mails_wait(peer: MailPeer) -> None:
    with pytest.raises(Delayed, match="the mail server refuses us: 535"):
        await mailer(peer, password=SecretStr("wrong")).send(new_id(), MAIL)
    assert (set(peer.signed_in), peer.taken) == ({False}, [])


async def test_an_answer_lost_after_the_content_lets_it_wait(peer: MailPeer) -> None:
    message_id = new_id()
    peer.drop = "after_data"
    with pytest.raises(Delayed, match="SMTPServerDisconnected"):
        await mailer(peer).send(message_id, MAIL)
    peer.drop = "never"
    await mailer(peer).send(message_id, MAIL)
    assert [taken["Message-ID"] for taken in peer.taken] == [f"<{message_id}@shop.example>"] * 2


async def test_a_mail_that_was_taken_is_sent_however_the_goodbye_goes(
    peer: MailPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_WHOLE_PATIENCE", 10.0)
    monkeypatch.setattr(smtp, "_GOODBYE", 0.05)
    peer.hangs = True
    await mailer(peer).send(new_id(), MAIL)
    assert len(peer.taken) == 1


async def test_without_tls_nothing_is_said(tmp_path: Path) -> None:
    async with listening(MailPeer(tmp_path, tls="none", needs_sign_in=False)) as peer:
        for tls in ("starttls", "implicit"):
            with pytest.raises(Delayed):
                await mailer(peer, tls=tls).send(new_id(), MAIL)
    assert (peer.signed_in, peer.taken) == ([], [])


async def test_a_server_that_asks_for_tls_gets_none_without(peer: MailPeer) -> None:
    with pytest.raises(Delayed, match="530"):
        await mailer(peer, tls="none", user=None, password=None).send(new_id(), MAIL)
    assert peer.taken == []


async def test_a_certificate_of_strangers_or_for_another_name_is_refused(peer: MailPeer) -> None:
    with pytest.raises(Delayed):
        await mailer(peer, ca_file=None).send(new_id(), MAIL)
    with pytest.raises(Delayed):
        await mailer(peer, host="ip6-localhost").send(new_id(), MAIL)
    assert (peer.signed_in, peer.taken) == ([], [])


async def test_nobody_there_lets_it_wait(tmp_path: Path) -> None:
    async with listening(MailPeer(tmp_path)) as peer:
        closed = mailer(peer)
    with pytest.raises(Delayed, match="SMTPConnectError"):
        await closed.send(new_id(), MAIL)


async def test_a_relay_on_this_machine_needs_no_sign_in(tmp_path: Path) -> None:
    async with listening(MailPeer(tmp_path, tls="none", needs_sign_in=False)) as peer:
        await mailer(peer, user=None, password=None).send(new_id(), MAIL)
    assert len(peer.taken) == 1


async def test_a_line_end_in_the_subject_makes_no_field(peer: MailPeer) -> None:
    await mailer(peer).send(new_id(), Email("m@example.com", "Hello\r\nBcc: all@example.com", "t", "h"))
    (taken,) = peer.taken
    assert (taken["Subject"], taken["Bcc"]) == ("Hello Bcc: all@example.com", None)


Opened = Callable[[MailPeer, Path], Mailer]


@pytest.mark.parametrize(
    "make", [lambda peer, _: mailer(peer), lambda _, folder: Outbox(folder / "outbox", sender=SENDER)]
)
async def test_no_mailer_is_asked_while_a_transaction_is_open(
    peer: MailPeer, tmp_path: Path, db: Database, make: Opened
) -> None:
    async with db.transaction():
        with pytest.raises(NetworkInsideTransactionError):
            await make(peer, tmp_path).send(new_id(), MAIL)
    assert peer.taken == []


async def test_the_check_for_health_says_hello_and_sends_nothing(peer: MailPeer, tmp_path: Path) -> None:
    await mailer(peer).check()
    with pytest.raises(SMTPException):
        await mailer(peer, host="127.0.0.1", port=free_port()).check()
    with pytest.raises(SSLError):
        await mailer(peer, ca_file=None).check()
    assert (peer.signed_in, peer.taken) == ([], [])
