"""SQL after a restore: nothing that lets anybody in outlives it."""

from faded_skies.platform.db import Tx

_END = (
    "UPDATE sessions SET ended_at = now(), end_reason = 'by_staff' WHERE ended_at IS NULL",
    "DELETE FROM mailed_tokens WHERE used_at IS NULL",
    "DELETE FROM second_factor_challenges",
    "DELETE FROM second_factor_enrolments",
    "DELETE FROM passkey_challenges",
    "DELETE FROM federated_sign_ins",
    "UPDATE invitations SET revoked_at = now() WHERE accepted_at IS NULL AND revoked_at IS NULL",
)


async def end_everything(tx: Tx) -> None:
    for statement in _END:
        await tx.execute(statement)
