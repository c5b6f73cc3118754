"""One trace from the request through its job to the vendor's call, and nobody's data in it."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from factories.identity import registration
from faded_skies import bootstrap
from faded_skies.adapters.smtp.mailer import SmtpMailer
from faded_skies.domains.identity.events import PersonRegistered
from faded_skies.domains.notifications.ports import Email, Undeliverable
from faded_skies.platform import tracing
from faded_skies.platform.events import Subscription
from faded_skies.platform.ids import new_id
from faded_skies.platform.jobs import Worker
from faded_skies.platform.settings import Settings
from faded_skies.platform.settings.messages import MailAccount
from mail_peer import MailPeer, listening
from peers.otlp import Receiver, receiving, traced, words

FORGED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def _register(settings: Settings, receiver: Receiver) -> None:
    """Register somebody; a job of it calls a vendor."""
    calls: list[str] = []

    async def ask_vendor(event: PersonRegistered) -> None:
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{receiver.address}/vendor/{event.user_id}?key=a-key-of-ours")
        calls.append(answer.text)

    async with bootstrap.application(settings) as app:
        told = Subscription("test.ask_vendor", PersonRegistered, ask_vendor)
        app.ports.db.bus.register([told])
        transport = httpx.ASGITransport(app=app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            headers = {"traceparent": FORGED}
            answer = await http.post("/api/auth/register", json=registration(), headers=headers)
            assert answer.status_code == 201
        worker = Worker(url=settings.database_url, db=app.ports.db, subscriptions=[told], periodic=[])
        await worker.drain()
    assert calls == ["ok"]


async def test_a_request_its_job_and_the_vendors_call_are_one_trace(settings: Settings) -> None:
    async with receiving() as receiver:
        async with traced(receiver):
            await _register(settings, receiver)
        assert tracing.active() is None
        (request,) = [one for one in receiver.spans if one.kind == Span.SPAN_KIND_SERVER]
        (job,) = [one for one in receiver.spans if one.kind == Span.SPAN_KIND_CONSUMER]
        (call,) = [one for one in receiver.spans if one.name == "GET 127.0.0.1"]
        statements = [one for one in receiver.spans if "db.query.text" in words(one)]
    assert (request.name, request.parent_span_id) == ("POST /api/auth/register", b"")
    assert words(request)["http.response.status_code"] == 201
    assert request.trace_id.hex() not in FORGED
    assert (job.name, job.parent_span_id, job.trace_id) == (
        "test.ask_vendor",
        request.span_id,
        request.trace_id,
    )
    assert (call.parent_span_id, call.trace_id) == (job.span_id, request.trace_id)
    assert words(call) == {
        "server.address": "127.0.0.1",
        "http.request.method": "GET",
        "http.response.status_code": 200,
    }
    of_request = [one for one in statements if one.parent_span_id == request.span_id]
    assert {"BEGIN", "COMMIT", "INSERT"} <= {one.name for one in of_request}
    assert all(one.start_time_unix_nano >= request.start_time_unix_nano for one in of_request)
    assert receiver.resource["service.name"] == "faded-skies"
    assert receiver.resource["faded_skies.process"] == "serve"
    person = registration()
    for value in (str(person["fullName"]), "@example", "a-key-of-ours", "/vendor/"):
        assert value.encode() not in receiver.raw, value


async def test_without_a_receiver_jobs_carry_nothing(settings: Settings) -> None:
    async with bootstrap.application(settings) as app:
        async with app.ports.db.transaction() as tx:
            tx.emit(PersonRegistered(user_id=new_id()))
        headers = await app.ports.db.fetch("SELECT headers FROM pgqueuer")
    assert headers
    assert {row["headers"] for row in headers} == {None}


async def test_a_mail_is_a_span_that_does_not_say_to_whom(tmp_path: Path) -> None:
    email = Email(to="maya@example.com", subject="A subject", text="Words", html="<p>Words</p>")
    async with (
        listening(MailPeer(tmp_path, tls="none", needs_sign_in=False)) as peer,
        receiving() as receiver,
        traced(receiver),
    ):
        peer.refuse["nobody@example.com"] = "550 No such box"
        mailer = SmtpMailer(
            MailAccount(host="localhost", port=peer.port, tls="none", user=None, password=None, ca_file=None),
            sender="noreply@shop.example",
        )
        await mailer.send(new_id(), email)
        with pytest.raises(Undeliverable):
            await mailer.send(new_id(), replace(email, to="nobody@example.com"))
    sent, refused = receiver.spans
    to_server = {"server.address": "localhost", "server.port": peer.port, "network.protocol.name": "smtp"}
    assert {sent.name, refused.name} == {"SMTP localhost"}
    assert (words(sent), sent.status.code) == (to_server, Status.STATUS_CODE_UNSET)
    assert words(refused) == to_server | {"error.type": "SMTPRecipientsRefused"}
    assert refused.status.code == Status.STATUS_CODE_ERROR
    for value in ("maya", "nobody", "A subject"):
        assert value.encode() not in receiver.raw, value
