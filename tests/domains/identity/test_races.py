"""Two at once for one address."""

import asyncio

import httpx

from factories.identity import registration
from faded_skies.platform.db import Database


async def test_two_registrations_one_account(client: httpx.AsyncClient, db: Database) -> None:
    for number in range(5):
        addresses = (f"maya{number}@example.com", f"MAYA{number}@example.com")
        answers = await asyncio.gather(
            *(client.post("/api/auth/register", json=registration(email=email)) for email in addresses)
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        (refused,) = [answer.json() for answer in answers if answer.status_code == 409]
        assert refused["code"] == "EMAIL_TAKEN"
    assert await db.fetchval("SELECT count(*) FROM users") == 5
    assert await db.fetchval("SELECT count(*) FROM sessions") == 5
