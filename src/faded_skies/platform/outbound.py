"""The guard of all outward calls: nothing leaves this process over a network while a transaction is open.

A transaction that waits for a vendor holds its row locks for as long as the vendor likes, so every adapter,
the Valkey client and the HTTP client ask `refuse_inside_transaction` first.
"""

from contextvars import ContextVar

transaction_open: ContextVar[bool] = ContextVar("transaction_open", default=False)


class NetworkInsideTransactionError(RuntimeError):
    """A programming mistake: reserve in one transaction, call outside, settle in the next."""


def refuse_inside_transaction(what: str) -> None:
    """Raise NetworkInsideTransactionError when this task has a transaction open. `what` names the call."""
    if transaction_open.get():
        raise NetworkInsideTransactionError(
            f"{what} was called while a transaction is open: end the transaction first, settle in the next one."
        )
