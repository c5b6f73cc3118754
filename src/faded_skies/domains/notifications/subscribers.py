"""What follows from facts about people, and the sending of what was queued."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.identity.events import (
    EmailConfirmationRequested,
    IdentityLinked,
    IdentityUnlinked,
    InvitationMade,
    PasskeyChanged,
    PasswordChanged,
    PasswordResetRequested,
    PersonRegistered,
    SecondFactorChanged,
)
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.notifications import service
from faded_skies.domains.notifications.events import MessageQueued
from faded_skies.domains.notifications.ports import Mailer, Pusher
from faded_skies.domains.notifications.service import Post
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of people and of queued messages."""
    db = ports.db
    post = _post(ports)

    async def welcome(event: PersonRegistered) -> None:
        async with db.transaction() as tx:
            await service.welcome(tx, event.user_id)

    async def mail_confirmation(event: EmailConfirmationRequested) -> None:
        async with db.transaction() as tx:
            await service.mail_confirmation(tx, user_id=event.user_id, request_id=event.request_id)

    async def mail_reset_link(event: PasswordResetRequested) -> None:
        if event.user_id is not None:
            async with db.transaction() as tx:
                await service.mail_reset_link(tx, user_id=event.user_id, request_id=event.request_id)

    async def mail_password_changed(event: PasswordChanged) -> None:
        async with db.transaction() as tx:
            await service.mail_password_changed(tx, user_id=event.user_id, change_id=event.change_id)

    async def mail_second_factor_changed(event: SecondFactorChanged) -> None:
        async with db.transaction() as tx:
            await service.mail_second_factor_changed(
                tx, user_id=event.user_id, change_id=event.change_id, change=event.change
            )

    async def send(event: MessageQueued) -> None:
        await service.send(post, event.message_id, now=clock.now())

    return [
        Subscription("notifications.welcome", PersonRegistered, welcome),
        Subscription("notifications.mail_confirmation", EmailConfirmationRequested, mail_confirmation),
        Subscription("notifications.mail_reset_link", PasswordResetRequested, mail_reset_link),
        *_of_staff(db),
        Subscription("notifications.mail_password_changed", PasswordChanged, mail_password_changed),
        *_of_identities(db),
        *_of_passkeys(db),
        Subscription("notifications.mail_second_factor", SecondFactorChanged, mail_second_factor_changed),
        Subscription("notifications.send", MessageQueued, send),
    ]


def _post(ports: Ports) -> Post:
    adulthood: Adulthood = ports.get(Adulthood)
    base = ports.settings.api_url.rstrip("/")

    def unsubscribe_link(user_id: UUID) -> str:
        token = service.unsubscribe_token(ports.purpose_keys, user_id)
        return f"{base}/api/notifications/unsubscribe/{token}"

    return Post(
        db=ports.db,
        mailer=ports.get(Mailer),
        pusher=ports.get(Pusher),
        origin=ports.settings.client_origins[0],
        unsubscribe_link=unsubscribe_link,
        zone=adulthood.zone,
    )


def _of_staff(db: Database) -> list[Subscription]:
    async def mail_invitation(event: InvitationMade) -> None:
        async with db.transaction() as tx:
            await service.mail_invitation(tx, event.invitation_id)

    return [Subscription("notifications.mail_invitation", InvitationMade, mail_invitation)]


def _of_identities(db: Database) -> list[Subscription]:
    async def mail_identity_linked(event: IdentityLinked) -> None:
        async with db.transaction() as tx:
            await service.mail_identity_linked(
                tx, user_id=event.user_id, identity_id=event.identity_id, provider=event.provider
            )

    async def mail_identity_unlinked(event: IdentityUnlinked) -> None:
        async with db.transaction() as tx:
            await service.mail_identity_unlinked(
                tx, user_id=event.user_id, identity_id=event.identity_id, provider=event.provider
            )

    return [
        Subscription("notifications.mail_identity_linked", IdentityLinked, mail_identity_linked),
        Subscription("notifications.mail_identity_unlinked", IdentityUnlinked, mail_identity_unlinked),
    ]


def _of_passkeys(db: Database) -> list[Subscription]:
    async def mail_passkey_changed(event: PasskeyChanged) -> None:
        async with db.transaction() as tx:
            await service.mail_passkey_changed(
                tx, user_id=event.user_id, change_id=event.change_id, change=event.change
            )

    return [Subscription("notifications.mail_passkey_changed", PasskeyChanged, mail_passkey_changed)]
