"""Pushers: the adapter for FCM through Google's own SDK against a double of the service; the outbox beside it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from firebase_admin import messaging
from pydantic import SecretStr

from factories.news import failure_of
from faded_skies.adapters.fcm.opening import open_fcm
from faded_skies.adapters.fcm.pusher import FcmPusher
from faded_skies.adapters.outbox.outbox import Outbox
from faded_skies.domains.notifications.ports import Delayed, Push, PushReport
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.ids import new_id
from faded_skies.platform.outbound import NetworkInsideTransactionError
from faded_skies.platform.settings.messages import FirebaseAccount
from peers.fcm import PROJECT, FcmDouble, service_account
from servers import serving

PUSH = Push("Title", "Body", {"type": "order_update", "orderId": "1", "url": "/orders/1"})
ICON = "https://shop.example/icon-192x192.png"


@pytest.fixture
def double() -> FcmDouble:
    return FcmDouble()


@pytest.fixture
async def pusher(double: FcmDouble, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FcmPusher]:
    # The SDK has no setting for another address.
    async with serving(double.asgi()) as address:
        monkeypatch.setattr(
            messaging._MessagingService, "FCM_URL", address + "/v1/projects/{0}/messages:send"
        )
        key = SecretStr(orjson.dumps(service_account(address)).decode())
        async with open_fcm(FirebaseAccount(key, None), icon=ICON) as opened:
            yield opened


async def test_each_device_gets_the_push_with_its_data(double: FcmDouble, pusher: FcmPusher) -> None:
    message_id = new_id()
    assert await pusher.push(message_id, PUSH, devices=["a", "b"]) == PushReport(reached=("a", "b"))
    assert sorted(message["token"] for message in double.pushed) == ["a", "b"]
    message = double.pushed[0]
    assert message["notification"] == {"title": "Title", "body": "Body"}
    assert message["data"] == {**PUSH.data, "messageId": str(message_id)}
    # A phone that gets it twice shows it once.
    assert message["android"]["notification"]["tag"] == str(message_id)
    assert message["apns"]["headers"]["apns-collapse-id"] == str(message_id)
    assert message["webpush"] == {"notification": {"icon": ICON, "tag": str(message_id)}}
    assert "ttl" not in message["android"]


@pytest.mark.parametrize(("seconds", "ttl"), [(90, 90), (-5, 0)])
async def test_a_phone_that_is_off_does_not_get_a_push_that_is_true_no_more(
    double: FcmDouble, pusher: FcmPusher, monkeypatch: pytest.MonkeyPatch, seconds: int, ttl: int
) -> None:
    now = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    good_until = now + timedelta(seconds=seconds)
    await pusher.push(new_id(), PUSH, devices=["a"], good_until=good_until)
    (message,) = double.pushed
    assert message["android"]["ttl"] == f"{ttl}s"
    assert message["apns"]["headers"]["apns-expiration"] == str(int(good_until.timestamp()))
    assert message["webpush"]["headers"] == {"TTL": str(ttl)}


async def test_nobody_is_asked_for_a_person_without_devices(double: FcmDouble, pusher: FcmPusher) -> None:
    assert await pusher.push(new_id(), PUSH, devices=[]) == PushReport()
    assert (double.pushed, double.token_requests) == ([], 0)


@pytest.mark.parametrize("code", ["UNREGISTERED", "SENDER_ID_MISMATCH"])
async def test_a_dead_token_is_gone_and_the_others_are_reached(
    double: FcmDouble, pusher: FcmPusher, code: str
) -> None:
    double.errors["old"] = code
    report = await pusher.push(new_id(), PUSH, devices=["old", "new"])
    assert report == PushReport(reached=("new",), gone=("old",))


@pytest.mark.parametrize("code", ["QUOTA_EXCEEDED", "UNAVAILABLE", "INTERNAL", "THIRD_PARTY_AUTH_ERROR"])
async def test_what_may_pass_delays_that_device_only(double: FcmDouble, pusher: FcmPusher, code: str) -> None:
    double.errors["slow"] = code
    report = await pusher.push(new_id(), PUSH, devices=["slow", "new"])
    assert (report.reached, report.gone, report.delayed) == (("new",), (), ("slow",))
    assert report.reason
    assert report.refused is None


@pytest.mark.parametrize(
    ("code", "told", "asked"),
    [
        ("QUOTA_EXCEEDED", "3600", timedelta(hours=1)),
        ("UNAVAILABLE", "Fri, 27 Nov 2026 18:30:00 GMT", timedelta(minutes=30)),
        ("UNAVAILABLE", "soon", None),
        ("INTERNAL", "9" * 400, None),
        ("INTERNAL", None, None),
    ],
)
async def test_the_service_is_asked_once_and_its_wish_to_wait_is_handed_up(
    double: FcmDouble,
    pusher: FcmPusher,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    told: str | None,
    asked: timedelta | None,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 27, 18, 0, tzinfo=UTC))
    double.errors["slow"] = code
    double.retry_after = told
    report = await pusher.push(new_id(), PUSH, devices=["slow", "new"])
    assert (report.delayed, report.retry_after) == (("slow",), asked)
    assert sorted(double.asked) == ["new", "slow"]


async def test_an_invalid_token_is_gone_but_an_invalid_message_is_refused_and_kills_no_token(
    double: FcmDouble, pusher: FcmPusher
) -> None:
    double.errors = dict.fromkeys(("bad", "data", "none"), "INVALID_ARGUMENT")
    double.fields = {"bad": "message.token", "data": "message.data"}
    report = await pusher.push(new_id(), PUSH, devices=["bad", "data", "none"])
    assert (report.reached, report.gone, report.delayed) == ((), ("bad",), ())
    assert report.refused == "INVALID_ARGUMENT"


async def test_a_page_in_place_of_an_answer_delays(double: FcmDouble, pusher: FcmPusher) -> None:
    double.down = True
    report = await pusher.push(new_id(), PUSH, devices=["a"])
    assert (report.delayed, report.refused) == (("a",), None)


async def test_without_an_access_token_every_device_waits(double: FcmDouble, pusher: FcmPusher) -> None:
    double.no_tokens = True
    with pytest.raises(Delayed, match="the push service cannot be used: "):
        await pusher.push(new_id(), PUSH, devices=["a", "b"])
    assert (double.pushed, double.token_requests > 0) == ([], True)
    assert failure_of("push") is not None
    double.no_tokens = False
    assert (await pusher.push(new_id(), PUSH, devices=["a"])).reached == ("a",)
    assert failure_of("push") is None


async def test_no_pusher_is_asked_while_a_transaction_is_open(
    pusher: FcmPusher, tmp_path: Path, db: Database
) -> None:
    async with db.transaction():
        for one in (pusher, Outbox(tmp_path, sender="noreply@shop.example")):
            with pytest.raises(NetworkInsideTransactionError):
                await one.push(new_id(), PUSH, devices=["a"])


@pytest.mark.parametrize("key", ["{}", "nonsense", '{"type": "authorized_user"}', "[]"])
async def test_a_key_that_is_none_stops_the_start(key: str) -> None:
    with pytest.raises(StartRefused, match="FIREBASE_SERVICE_ACCOUNT is no key"):
        async with open_fcm(FirebaseAccount(SecretStr(key), PROJECT), icon=ICON):
            pass
