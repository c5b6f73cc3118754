"""Second factors for tests: turned on by the door, with codes of an authenticator app that is not ours (pyotp)."""

from dataclasses import dataclass
from datetime import datetime

import httpx
import pyotp

from factories.identity import PASSWORD, SignedInPerson
from faded_skies.platform import clock

STEP = 30


@dataclass
class Phone:
    """A person's authenticator app, and the recovery codes they wrote down."""

    app: pyotp.TOTP
    recovery_codes: list[str]

    def code(self, steps: int = 0, *, at: datetime | None = None) -> str:
        """Return the code of the step so many steps from now."""
        return self.app.at(at or clock.now(), counter_offset=steps)


async def enrol(client: httpx.AsyncClient, person: SignedInPerson, **body: object) -> Phone:
    """Turn on a second factor. Its first code is that of one step ago, so that the present one stays good."""
    begun = await client.post("/api/users/mfa", headers=person.headers, json={"password": PASSWORD} | body)
    assert begun.status_code == 201, begun.text
    phone = Phone(pyotp.TOTP(begun.json()["secret"]), [])
    confirmed = await client.post(
        "/api/users/mfa/confirm", headers=person.headers, json={"code": phone.code(-1)}
    )
    assert confirmed.status_code == 200, confirmed.text
    phone.recovery_codes = confirmed.json()["recoveryCodes"]
    return phone


async def challenge(client: httpx.AsyncClient, email: str) -> str:
    """Give the right password and return the token to give the code with."""
    answer = await client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"mfaRequired", "mfaToken"}
    token: str = answer.json()["mfaToken"]
    return token


async def give(client: httpx.AsyncClient, token: str, code: str) -> httpx.Response:
    return await client.post("/api/auth/mfa", json={"mfaToken": token, "code": code})
