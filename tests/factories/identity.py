"""People for tests, made by the real services, and their sign-ins by the door."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import count
from uuid import UUID

import httpx
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from faded_skies.adapters.outbox.outbox import Outbox
from faded_skies.bootstrap import Application
from faded_skies.domains.identity import service
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.notifications.ports import Email
from faded_skies.platform.actor import Role
from faded_skies.platform.audit import Origin, origin
from faded_skies.platform.ids import new_id

PASSWORD = "Test-Skies-42!"
BORN = date(1990, 5, 17)

_numbers = count(1)


@dataclass(frozen=True)
class SignedInPerson:
    """A person with a live session; `headers` carry the access token."""

    id: UUID
    email: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


@cache
def password_hash() -> str:
    """The hash of PASSWORD, worked out once."""
    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),)).hash(PASSWORD)


def registration(**changes: object) -> dict[str, object]:
    """Return a valid body of POST /api/auth/register."""
    return {
        "fullName": "Maya Okafor",
        "email": f"maya-{next(_numbers)}@example.com",
        "password": PASSWORD,
        "phone": "(512) 555-0134",
        "dateOfBirth": BORN.isoformat(),
    } | changes


async def make_person(
    app: Application,
    *,
    role: Role = Role.CUSTOMER,
    email: str | None = None,
    full_name: str = "Maya Okafor",
    date_of_birth: date | None = BORN,
    id_verified: bool = True,
    email_verified: bool = True,
) -> UUID:
    """Make a person who signs in with PASSWORD; customers are ID-verified unless told otherwise."""
    user_id = new_id()
    async with app.ports.db.transaction() as tx:
        await service.create_person(
            tx,
            user_id=user_id,
            email=email or f"{role}-{next(_numbers)}@example.com",
            password_hash=password_hash(),
            full_name=full_name,
            phone="(512) 555-0134",
            date_of_birth=date_of_birth,
            role=role,
            id_verified=id_verified,
            email_verified=email_verified,
        )
    return user_id


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> SignedInPerson:
    answer = await client.post("/api/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return SignedInPerson(UUID(body["user"]["id"]), email, body["accessToken"], body["refreshToken"])


async def signed_in(
    app: Application,
    role: Role = Role.CUSTOMER,
    *,
    full_name: str = "Maya Okafor",
    id_verified: bool = True,
    date_of_birth: date | None = BORN,
) -> SignedInPerson:
    """Make a person of the role and open a session for them, as the door does once the password is right."""
    email = f"{role}-{next(_numbers)}@example.com"
    user_id = await make_person(
        app,
        role=role,
        email=email,
        full_name=full_name,
        id_verified=id_verified,
        date_of_birth=date_of_birth,
    )
    account = await service.find_account(app.ports.db, email)
    before = origin.set(Origin("127.0.0.1", f"python-httpx/{httpx.__version__}"))
    async with app.ports.db.transaction() as tx:
        grant = await service.sign_in(
            tx,
            account,
            password_right=True,
            better_hash=None,
            session_lifetime=app.ports.settings.refresh_expires_in,
        )
    origin.reset(before)
    assert isinstance(grant, service.Grant), grant
    access_token = app.ports.tokens.issue(user_id=user_id, session_id=grant.session_id)
    return SignedInPerson(user_id, email, access_token, grant.refresh_token)


def adulthood(app: Application) -> Adulthood:
    """Return from which age people may buy, as the shop's rule file says."""
    found: Adulthood = app.ports.get(Adulthood)
    return found


def outbox(app: Application) -> Outbox:
    """Return where this application's messages went."""
    found: Outbox = app.ports.get(Outbox)
    return found


def mails_to(app: Application, email: str) -> list[Email]:
    """Return the mails to an address, the newest first; drain the jobs before."""
    sent = [message.content for message in outbox(app).newest(1_000)]
    return [content for content in sent if isinstance(content, Email) and content.to == email]


def token_in(mail: Email) -> str:
    """Return the token of the link in a mail."""
    found = re.search(r"\?token=([\w-]+)", mail.text)
    assert found is not None, mail.text
    return found[1]
