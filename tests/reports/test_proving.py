"""The daily proofs, and what figures and the audit log say of them."""

import asyncpg

from factories.identity import signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform import backup, clock
from faded_skies.platform.settings import Settings
from faded_skies.reports.proving import prove_audit_log, prove_books
from faded_skies.reports.standing import Standing, read_standing


async def standing(app: Application) -> Standing:
    return await read_standing(app.ports.db, now=clock.now())


async def wrong(app: Application) -> dict[str, int]:
    return {proof.name: proof.wrong for proof in (await standing(app)).proofs}


async def test_proofs_tell_what_is_wrong_and_when_it_was_last_looked_for(
    app: Application, settings: Settings
) -> None:
    db = app.ports.db
    person = await signed_in(app)
    before = await standing(app)
    assert (before.backup_seconds, before.proofs) == (None, [])
    await prove_books(db)
    await prove_audit_log(db)
    assert await wrong(app) == {"books": 0, "audit_log": 0}
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute(
        "INSERT INTO rewards_accounts (user_id, balance) VALUES ($1, 5) "
        "ON CONFLICT (user_id) DO UPDATE SET balance = rewards_accounts.balance + 5",
        person.id,
    )
    await connection.execute("ALTER TABLE audit_log DISABLE TRIGGER USER")
    await connection.execute("UPDATE audit_log SET details = '{\"forged\": 1}' WHERE action = 'books.proved'")
    await connection.execute("ALTER TABLE audit_log ENABLE TRIGGER USER")
    await connection.close()
    await prove_books(db)
    await prove_audit_log(db)
    found = await wrong(app)
    assert found["books"] >= 1
    assert found["audit_log"] >= 1
    async with db.transaction() as tx:
        tx.audit(backup.TAKEN, object_type="backup", object_id=None, actor_id=None)
    after = await standing(app)
    assert after.backup_seconds is not None
    assert 0 <= after.backup_seconds < 600
    assert all(0 <= proof.seconds < 600 for proof in after.proofs)
