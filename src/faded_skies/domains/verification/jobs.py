"""What the clock asks of identity papers."""

from collections.abc import Sequence

from faded_skies.domains.verification import service
from faded_skies.domains.verification.service import Judge, Vault
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the domain's periodic work."""
    db = ports.db
    judge: Judge = ports.get(Judge)
    vault: Vault = ports.get(Vault)

    async def poll() -> None:
        await service.poll_vendor(judge, now=clock.now())

    async def tidy() -> None:
        now = clock.now()
        await service.expire_open(db, now=now)
        while await service.delete_due(db, vault, decided_before=now - ports.settings.id_documents_keep):
            pass
        await service.sweep(db, vault, now=now)
        await service.prune(db)

    return [
        Periodic("verification.poll_vendor", "* * * * *", poll),
        Periodic("verification.tidy", "23 * * * *", tidy),
    ]
