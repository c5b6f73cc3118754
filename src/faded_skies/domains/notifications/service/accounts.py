"""Use cases of messages about accounts."""

from functools import partial
from uuid import UUID

from faded_skies.domains.identity import service as identity
from faded_skies.domains.notifications import queries, rules
from faded_skies.domains.notifications.service.notifying import notify, tell
from faded_skies.platform.db import Tx


async def welcome(tx: Tx, user_id: UUID) -> None:
    """Greet a new customer, with a link that confirms the address where it is not confirmed yet."""
    mailed = await identity.issue_confirmation_token(tx, user_id)
    customer = await identity.find_customer(tx, user_id)
    if mailed is not None:
        letter = rules.welcome(to=mailed.email, full_name=mailed.full_name, token=mailed.token)
        await notify(tx, user_id=user_id, kind="welcome", fact="welcome", letter=letter)
    elif customer is not None:
        letter = rules.welcome_confirmed(to=customer.email, full_name=customer.full_name)
        await notify(tx, user_id=user_id, kind="welcome", fact="welcome", letter=letter)


async def mail_identity_linked(tx: Tx, *, user_id: UUID, identity_id: UUID, provider: str) -> None:
    """Tell a person that a provider's account can sign in to theirs now."""
    fact = f"identity_linked:{identity_id}"
    write = partial(rules.identity_linked, provider=provider)
    await tell(tx, user_id, kind="identity_linked", fact=fact, write=write)


async def mail_identity_unlinked(tx: Tx, *, user_id: UUID, identity_id: UUID, provider: str) -> None:
    """Tell a person that a provider's account no longer signs in to theirs."""
    fact = f"identity_unlinked:{identity_id}"
    write = partial(rules.identity_unlinked, provider=provider)
    await tell(tx, user_id, kind="identity_unlinked", fact=fact, write=write)


async def mail_confirmation(tx: Tx, *, user_id: UUID, request_id: UUID) -> None:
    """Mail the link that confirms a first or changed address; a change is also told to the address in use."""
    mailed = await identity.issue_confirmation_token(tx, user_id)
    if mailed is None:
        return
    letter = rules.confirm_email(to=mailed.email, full_name=mailed.full_name, token=mailed.token)
    await notify(
        tx,
        user_id=user_id,
        kind="confirm_email",
        fact=f"confirm_email:{request_id}",
        letter=letter,
        good_until=mailed.expires_at,
    )
    customer = await identity.find_customer(tx, user_id)
    if customer is not None and customer.email != mailed.email:
        warning = rules.email_changing(to=customer.email, full_name=customer.full_name)
        await notify(
            tx, user_id=user_id, kind="email_changing", fact=f"email_changing:{request_id}", letter=warning
        )


async def mail_reset_link(tx: Tx, *, user_id: UUID, request_id: UUID) -> None:
    """Mail the link that sets a new password."""
    mailed = await identity.issue_reset_token(tx, user_id)
    if mailed is not None:
        letter = rules.reset_password(to=mailed.email, full_name=mailed.full_name, token=mailed.token)
        fact = f"reset_password:{request_id}"
        await notify(
            tx,
            user_id=user_id,
            kind="reset_password",
            fact=fact,
            letter=letter,
            good_until=mailed.expires_at,
        )


async def mail_invitation(tx: Tx, invitation_id: UUID) -> None:
    """Mail somebody the link that makes them staff."""
    mailed = await identity.issue_invitation_token(tx, invitation_id)
    if mailed is not None:
        letter = rules.invitation(
            to=mailed.email, full_name=mailed.full_name, role=mailed.role, token=mailed.token
        )
        fact = f"invitation:{invitation_id}"
        await notify(tx, user_id=None, kind="invitation", fact=fact, letter=letter)


async def mail_password_changed(tx: Tx, *, user_id: UUID, change_id: UUID) -> None:
    """Tell a person that their password was changed."""
    fact = f"password_changed:{change_id}"
    await tell(tx, user_id, kind="password_changed", fact=fact, write=rules.password_changed)


async def mail_second_factor_changed(tx: Tx, *, user_id: UUID, change_id: UUID, change: str) -> None:
    """Tell a person what became of their second factor."""
    write = partial(rules.second_factor_changed, change=change)
    await tell(tx, user_id, kind="second_factor", fact=f"second_factor:{change_id}", write=write)


async def mail_passkey_changed(tx: Tx, *, user_id: UUID, change_id: UUID, change: str) -> None:
    """Tell a person that they have one passkey more, or less."""
    write = partial(rules.passkey_changed, change=change)
    await tell(tx, user_id, kind="passkey", fact=f"passkey:{change_id}", write=write)


async def say_goodbye(tx: Tx, *, user_id: UUID, to: str, full_name: str) -> None:
    """Write to somebody who is leaving that the account is closed."""
    letter = rules.account_closed(to=to, full_name=full_name)
    await notify(tx, user_id=user_id, kind=queries.held.FAREWELL, fact="account_closed", letter=letter)


async def notify_id_decision(
    tx: Tx, *, user_id: UUID, verification_id: UUID, approved: bool, reason: str | None
) -> None:
    """Write to a person how their ID papers were decided."""
    write = partial(rules.id_decided, approved=approved, reason=reason)
    await tell(tx, user_id, kind="id_verification", fact=f"id_verification:{verification_id}", write=write)
