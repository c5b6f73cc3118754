"""What follows from facts about identity papers."""

from collections.abc import Sequence

from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.verification import service
from faded_skies.domains.verification.events import PapersHandedIn, VerificationDecided
from faded_skies.domains.verification.ports import VendorVerifier
from faded_skies.domains.verification.service import Judge, Vault
from faded_skies.platform import clock, inbox
from faded_skies.platform.events import Subscription
from faded_skies.platform.inbox import WebhookReceived
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of papers and of the vendor's callbacks."""
    db = ports.db
    judge: Judge = ports.get(Judge)
    vault: Vault = ports.get(Vault)
    vendor: VendorVerifier | None = ports.get(VendorVerifier)
    keep = ports.settings.id_documents_keep

    async def look(event: PapersHandedIn) -> None:
        await service.judge(judge, event.verification_id)

    async def tell(event: VerificationDecided) -> None:
        async with db.transaction() as tx:
            await notifications.notify_id_decision(
                tx,
                user_id=event.user_id,
                verification_id=event.verification_id,
                approved=event.approved,
                reason=event.reason,
            )

    async def delete_pictures(_: VerificationDecided) -> None:
        await service.delete_due(db, vault, decided_before=clock.now() - keep)

    async def hear(event: WebhookReceived) -> None:
        if vendor is None or event.source != vendor.method:
            return
        async with db.transaction() as tx:
            row = await inbox.lock(tx, event.webhook_id)
        if row is None:
            return
        found = await service.find_by_reference(
            db, account_id=row["payload"]["accountId"], execution_id=row["payload"]["executionId"]
        )
        if found is not None:
            await service.judge(judge, found)
        async with db.transaction() as tx:
            await inbox.mark_handled(tx, event.webhook_id)

    return [
        Subscription("verification.look", PapersHandedIn, look),
        Subscription("verification.tell", VerificationDecided, tell),
        Subscription("verification.delete_pictures", VerificationDecided, delete_pictures),
        Subscription("verification.hear_vendor", WebhookReceived, hear),
    ]
