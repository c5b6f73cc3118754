"""Who sends, by the settings; and that the product says so where nothing leaves the machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest
from pydantic import SecretStr

from faded_skies import bootstrap
from faded_skies.adapters.fcm.pusher import FcmPusher
from faded_skies.adapters.outbox.outbox import Outbox
from faded_skies.adapters.smtp.mailer import SmtpMailer
from faded_skies.bootstrap import Application
from faded_skies.domains.notifications.ports import Mailer, Pusher
from faded_skies.platform.settings import Settings
from peers.fcm import service_account


async def test_without_settings_both_go_to_the_outbox_and_health_says_so(
    app: Application, client: httpx.AsyncClient
) -> None:
    assert isinstance(app.ports.get(Mailer), Outbox)
    assert isinstance(app.ports.get(Pusher), Outbox)
    checks = (await client.get("/health")).json()["checks"]
    assert checks["mail"] == {
        "status": "double",
        "detail": "Mails go to a local outbox; none leaves this machine.",
    }
    assert checks["push"] == {
        "status": "double",
        "detail": "Pushes go to a local outbox; none reaches a phone.",
    }


@pytest.fixture
async def connected(settings: Settings, tmp_path: Path) -> AsyncIterator[Application]:
    key = SecretStr(orjson.dumps(service_account("http://127.0.0.1:1")).decode())
    real = settings.model_copy(update={"smtp_host": "mail.shop.example", "firebase_service_account": key})
    async with bootstrap.application(real) as application:
        yield application


async def test_with_settings_the_real_ones_send(connected: Application) -> None:
    assert isinstance(connected.ports.get(Mailer), SmtpMailer)
    assert isinstance(connected.ports.get(Pusher), FcmPusher)
    assert {"mail", "push"}.isdisjoint(connected.ports.doubles)
