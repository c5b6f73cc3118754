"""Signing in at a provider: asking it, taking its answer, and letting in whoever it names.

Two secrets bind it all to one browser: the state, which works once, and the browser's own cookie. What the provider
is asked with beside the state (nonce, PKCE verifier) is derived from both, so nothing that is stored helps a thief.
"""

import base64
import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

from faded_skies.domains.identity import rules
from faded_skies.domains.identity.errors import (
    AccountSuspended,
    EmailTaken,
    IdentityTaken,
    InvalidSignInCode,
    LinkRequired,
    ProviderEmailUnconfirmed,
    SignInExpired,
    SignInFailed,
)
from faded_skies.domains.identity.events import PersonRegistered
from faded_skies.domains.identity.models import Asked, Challenge, FirstFactor, Grant, Proof
from faded_skies.domains.identity.ports import ProvedIdentity
from faded_skies.domains.identity.queries import federated as queries
from faded_skies.domains.identity.queries import identities, people
from faded_skies.domains.identity.service.people import create_person
from faded_skies.domains.identity.service.sessions import admit
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.ids import new_id
from faded_skies.platform.opaque_tokens import digest, new_token

STATE_LIFETIME = timedelta(minutes=10)
CODE_LIFETIME = timedelta(seconds=60)
LINK_LIFETIME = timedelta(minutes=10)
NAMELESS = "New customer"
"""Apple tells a name once, and only if the person likes to; they can write theirs into the profile."""


def ask(browser: str) -> Asked:
    """Begin a sign-in of this browser: what to send the person to the provider with."""
    return asked_with(new_token(), browser)


def asked_with(state: str, browser: str) -> Asked:
    """Return what the provider was asked with under this state."""
    verifier = _derive("pkce", state, browser)
    challenge = _text(hashlib.sha256(verifier.encode()).digest())  # RFC 7636 §4.2, S256
    return Asked(state, _derive("nonce", state, browser), verifier, challenge)


def _derive(what: str, state: str, browser: str) -> str:
    return _text(hmac.digest(browser.encode(), f"{what}:{state}".encode(), "sha256"))


def _text(chance: bytes) -> str:
    return base64.urlsafe_b64encode(chance).rstrip(b"=").decode()


async def note_asked(tx: Tx, asked: Asked, *, provider: str, browser: str) -> None:
    """Remember the sign-in for ten minutes."""
    await queries.insert_asked(
        tx,
        new_id(),
        provider=provider,
        state_hash=digest(asked.state),
        browser_hash=digest(browser),
        expires_at=clock.now() + STATE_LIFETIME,
    )


async def note_return(tx: Tx, *, provider: str, state: str, browser: str) -> UUID:
    """Use up the state of a person who comes back; return the sign-in. Raises SignInExpired."""
    sign_in_id = await queries.note_return(
        tx, provider=provider, state_hash=digest(state), browser_hash=digest(browser)
    )
    if sign_in_id is None:
        raise SignInExpired
    return sign_in_id


async def give_up(tx: Tx, sign_in_id: UUID, *, provider: str, why: SignInFailed) -> None:
    """End a sign-in that the provider did not confirm."""
    await queries.drop(tx, sign_in_id)
    tx.audit(
        "sign_in.failed", object_type="user", object_id=None, actor_id=None, provider=provider, code=why.code
    )


async def keep_proof(tx: Tx, sign_in_id: UUID, proved: ProvedIdentity) -> str:
    """Keep who they proved to be for a minute; return the one-time code for it. Raises SignInExpired."""
    code = new_token()
    email = proved.email if proved.email_verified else None
    if email is not None and rules.email_problem(email) is not None:
        email = None
    name = (proved.full_name or "").strip()
    kept = await queries.keep_proof(
        tx,
        sign_in_id,
        code_hash=digest(code),
        expires_at=clock.now() + CODE_LIFETIME,
        subject=proved.subject,
        email=email,
        full_name=None if rules.name_problem(name) else name,
    )
    if not kept:
        raise SignInExpired
    return code


async def enter(
    tx: Tx, *, code: str, browser: str, session_lifetime: timedelta
) -> Grant | Challenge | Situation:
    """Let in who proved to be somebody at a provider, by the one-time code.

    A new person becomes a customer without password or date of birth. Who has the e-mail address of an account
    is not let in by that alone: they get a token to link the two with. A refusal is returned, to be raised
    after the commit: the code must stay used.
    """
    proof = await queries.take_proof(tx, code_hash=digest(code), browser_hash=digest(browser))
    if proof is None:
        return InvalidSignInCode()
    user_id = await identities.use(tx, provider=proof.provider, subject=proof.subject)
    if user_id is None:
        if proof.email is None:
            return _refuse(tx, proof, ProviderEmailUnconfirmed())
        user_id = await _newcomer(tx, proof, proof.email)
    if user_id is None:
        return await _ask_to_link(tx, proof, browser)
    try:
        return await admit(tx, user_id, by=FirstFactor.OIDC, session_lifetime=session_lifetime)
    except AccountSuspended as suspended:
        return _refuse(tx, proof, suspended, user_id)


def _refuse(tx: Tx, proof: Proof, why: Situation, user_id: UUID | None = None) -> Situation:
    tx.audit(
        "sign_in.refused",
        object_type="user",
        object_id=user_id,
        actor_id=user_id,
        provider=proof.provider,
        code=why.code,
    )
    return why


async def _newcomer(tx: Tx, proof: Proof, email: str) -> UUID | None:
    """Make a customer; None when the e-mail address is another person's."""
    user_id = new_id()
    try:
        async with tx.savepoint():
            await create_person(
                tx,
                user_id=user_id,
                email=email,
                password_hash=None,
                full_name=proof.full_name or NAMELESS,
                phone=None,
                date_of_birth=None,
                role=Role.CUSTOMER,
                id_verified=False,
                email_verified=True,
            )
            await identities.insert(
                tx, new_id(), user_id=user_id, provider=proof.provider, subject=proof.subject, email=email
            )
            tx.audit(
                "person.registered",
                object_type="user",
                object_id=user_id,
                actor_id=user_id,
                provider=proof.provider,
            )
            tx.emit(PersonRegistered(user_id=user_id))
    except (EmailTaken, IdentityTaken):
        # Perhaps by themselves: the same person signed in twice at once, and the other was a moment faster.
        return await identities.use(tx, provider=proof.provider, subject=proof.subject)
    return user_id


async def _ask_to_link(tx: Tx, proof: Proof, browser: str) -> Situation:
    owner = None if proof.email is None else await people.find_open_account_id(tx, proof.email)
    if owner is None:
        return _refuse(tx, proof, AccountSuspended())
    token = new_token()
    await queries.insert_linkable(
        tx,
        new_id(),
        proof=proof,
        token_hash=digest(token),
        browser_hash=digest(browser),
        expires_at=clock.now() + LINK_LIFETIME,
        user_id=owner,
    )
    tx.audit(
        "identity.link_asked", object_type="user", object_id=owner, actor_id=None, provider=proof.provider
    )
    return LinkRequired(linkToken=token, provider=proof.provider)
