"""The outbox: files on disk, pages in the browser."""

from email import message_from_bytes, policy
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from faded_skies.adapters.outbox import outbox as module
from faded_skies.adapters.outbox.outbox import Outbox, Sent
from faded_skies.bootstrap import Application
from faded_skies.domains.notifications.ports import Email, Mailer, Push, Pusher, PushReport
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings

MAIL = Email(
    to="maya@example.com",
    subject="Grüße <b>&",
    text="Plain ☘ text\nhttps://shop.example/?token=" + "x" * 90 + "\n",
    html='<p>Rich "text" <a href="https://shop.example/a?b=1&amp;c=2">go</a></p>\n',
)
PUSH = Push("Title <i>", "Body </p><script>", {"type": "order_update", "url": "/orders/1"})


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox", sender="noreply@shop.example")


async def test_messages_come_back_as_they_went(box: Outbox) -> None:
    assert box.newest(10) == []
    mail_id, push_id = new_id(), new_id()
    await box.send(mail_id, MAIL)
    assert await box.push(push_id, PUSH, devices=["a", "b"]) == PushReport(reached=["a", "b"])
    assert box.find(mail_id) == Sent(mail_id, MAIL)
    assert box.find(push_id) == Sent(push_id, PUSH, 2)
    assert box.find(uuid4()) is None


async def test_a_mail_is_a_well_formed_file(box: Outbox, tmp_path: Path) -> None:
    mail_id = new_id()
    await box.send(mail_id, MAIL)
    raw = (tmp_path / "outbox" / f"{mail_id}.eml").read_bytes()
    message = message_from_bytes(raw, policy=policy.default)
    assert message["From"] == "Faded Skies <noreply@shop.example>"
    assert message["Message-ID"] == f"<{mail_id}@shop.example>"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.defects == []
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


async def test_a_message_sent_twice_is_one_file(box: Outbox, tmp_path: Path) -> None:
    mail_id = new_id()
    await box.send(mail_id, MAIL)
    await box.send(mail_id, MAIL)
    assert [path.name for path in (tmp_path / "outbox").iterdir()] == [f"{mail_id}.eml"]


async def test_the_newest_are_kept(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MESSAGES", 3)
    ids = sorted(new_id() for _ in range(5))
    for message_id in ids:
        await box.push(message_id, PUSH, devices=[])
    assert [sent.id for sent in box.newest(10)] == ids[:1:-1]
    assert [sent.id for sent in box.newest(2)] == [ids[4], ids[3]]


class TestPages:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"demo": True})

    async def test_the_list_and_the_messages(self, app: Application, client: httpx.AsyncClient) -> None:
        empty = await client.get("/outbox")
        assert (empty.status_code, "Nothing has been sent yet" in empty.text) == (200, True)
        mail_id, push_id = sorted([new_id(), new_id()])
        await app.ports.get(Mailer).send(mail_id, MAIL)
        await app.ports.get(Pusher).push(push_id, PUSH, devices=["a"])
        page = await client.get("/outbox")
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.text.index(str(push_id)) < page.text.index(str(mail_id))
        assert "Grüße &lt;b&gt;&amp;" in page.text
        shown = await client.get(f"/outbox/{mail_id}")
        assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="' in shown.text
        assert "&lt;p&gt;Rich &quot;text&quot;" in shown.text
        assert "allow-scripts" not in shown.text
        shown = await client.get(f"/outbox/{push_id}")
        assert "Body &lt;/p&gt;&lt;script&gt;" in shown.text
        assert "<script" not in shown.text
        assert "one device" in shown.text

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("7b0c6f1e-2f7e-4a51-9b1c-0d6f5f1f8a11", 404),
            ("..%2f..%2fetc%2fpasswd", 404),
            ("../postgres", 404),
            ("x.eml", 422),
            ("%00", 422),
        ],
    )
    async def test_other_names_lead_nowhere(self, client: httpx.AsyncClient, name: str, status: int) -> None:
        assert (await client.get(f"/outbox/{name}")).status_code == status


async def test_outside_the_demo_there_are_no_pages(client: httpx.AsyncClient) -> None:
    assert (await client.get("/outbox")).status_code == 404
    assert (await client.get(f"/outbox/{uuid4()}")).status_code == 404
