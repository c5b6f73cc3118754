"""Coins on the wire."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.rewards.models import Holding, Transaction, TransactionType
from faded_skies.platform.http.fields import Shape
from faded_skies.platform.paging import has_more


class TransactionShape(Shape):
    """One change of the balance; `amount` in coins, negative when coins left."""

    id: UUID
    type: TransactionType
    amount: int
    description: str
    order_id: UUID | None
    created_at: datetime


class RewardsAnswer(Shape):
    """Your coins. `pending` is what orders on their way will earn when they are delivered.

    `debt` is what the next earned coins pay first: coins of refunded orders that were spent already.
    """

    balance: int
    debt: int
    pending: int
    transactions: list[TransactionShape]
    total: int
    has_more: bool


def present_rewards(account: Holding, transactions: list[Transaction], *, offset: int) -> dict[str, object]:
    return {
        "balance": account.balance,
        "debt": account.debt,
        "pending": account.pending,
        "transactions": [
            {
                "id": change.id,
                "type": change.type,
                "amount": change.amount,
                "description": change.description,
                "orderId": change.order_id,
                "createdAt": change.created_at,
            }
            for change in transactions
        ],
        "total": account.changes,
        "hasMore": has_more(total=account.changes, offset=offset, rows=len(transactions)),
    }
