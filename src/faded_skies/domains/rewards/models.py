"""Rows of rewards. One coin is worth one cent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

TransactionType = Literal["earned", "redeemed", "returned", "reversed", "expired", "granted"]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One change of a balance; `amount` in coins, negative when coins left."""

    id: UUID
    type: TransactionType
    amount: int
    description: str
    order_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """A person's coins: those there, those owed, those pending until delivery, and how many changes there were."""

    balance: int
    debt: int
    pending: int
    changes: int
