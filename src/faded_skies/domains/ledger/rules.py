"""The chart of accounts, and how an entry is made of transfers. Pure. Amounts are whole cents; a coin is a cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Account(StrEnum):
    """Every account of the books; docs/adr/0018 says what stands in each."""

    GATEWAY = "gateway"
    SAFE = "safe"
    DRAWER = "drawer"
    DISPUTED = "disputed"
    COIN_DEBTS = "coin_debts"

    DEPOSITS = "deposits"
    UNAPPLIED = "unapplied"
    REFUNDS_PAYABLE = "refunds_payable"
    COINS = "coins"
    TIPS = "tips"
    TAX_STATE = "tax_state"
    TAX_CANNABIS = "tax_cannabis"
    TAX_LOCAL = "tax_local"

    SALES = "sales"
    DELIVERY_FEES = "delivery_fees"
    COIN_BREAKAGE = "coin_breakage"

    SALES_RETURNS = "sales_returns"
    ALLOWANCES = "allowances"
    PROCESSING_FEES = "processing_fees"
    COIN_REWARDS = "coin_rewards"
    GOODWILL = "goodwill"
    DISPUTE_LOSSES = "dispute_losses"
    CASH_OVER_SHORT = "cash_over_short"

    @property
    def kind(self) -> str:
        """What sort of account it is: asset, liability, income or expense."""
        return _KINDS[self]

    @property
    def grows_by_debit(self) -> bool:
        """Whether a debit makes it more: so for what we have and what we spend."""
        return self.kind in {"asset", "expense"}


_KINDS = {
    **dict.fromkeys(
        (Account.GATEWAY, Account.SAFE, Account.DRAWER, Account.DISPUTED, Account.COIN_DEBTS), "asset"
    ),
    **dict.fromkeys(
        (
            Account.DEPOSITS,
            Account.UNAPPLIED,
            Account.REFUNDS_PAYABLE,
            Account.COINS,
            Account.TIPS,
            Account.TAX_STATE,
            Account.TAX_CANNABIS,
            Account.TAX_LOCAL,
        ),
        "liability",
    ),
    **dict.fromkeys((Account.SALES, Account.DELIVERY_FEES, Account.COIN_BREAKAGE), "income"),
    **dict.fromkeys(
        (
            Account.SALES_RETURNS,
            Account.ALLOWANCES,
            Account.PROCESSING_FEES,
            Account.COIN_REWARDS,
            Account.GOODWILL,
            Account.DISPUTE_LOSSES,
            Account.CASH_OVER_SHORT,
        ),
        "expense",
    ),
}

TAXES = {"state": Account.TAX_STATE, "cannabis": Account.TAX_CANNABIS, "local": Account.TAX_LOCAL}


class Fact(StrEnum):
    """What may be posted, each once for its subject (docs/adr/0018 has their accounts)."""

    OPENING = "opening"
    CHARGE = "charge"
    APPLY = "apply"
    PROCESSING_FEE = "processing_fee"
    REFUND_REQUESTED = "refund_requested"
    REFUND_PAID = "refund_paid"
    REFUND_BOUNCED = "refund_bounced"
    REFUND_DROPPED = "refund_dropped"
    REFUND_KEPT = "refund_kept"
    SALE = "sale"
    CASH_TAKEN = "cash_taken"
    FLOAT_GIVEN = "float_given"
    DRAWER_EMPTIED = "drawer_emptied"
    COINS_HELD = "coins_held"
    COINS_RETURNED = "coins_returned"
    COINS_EARNED = "coins_earned"
    COINS_REVERSED = "coins_reversed"
    COINS_GRANTED = "coins_granted"
    COINS_EXPIRED = "coins_expired"
    DEBT_SETTLED = "debt_settled"
    DEBT_WRITTEN_OFF = "debt_written_off"
    DISPUTE_WITHDRAWN = "dispute_withdrawn"
    DISPUTE_REINSTATED = "dispute_reinstated"
    DISPUTE_LOST = "dispute_lost"
    DISPUTE_FEE = "dispute_fee"


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount_cents` out of `credit` and into `debit`; one of zero is not written."""

    debit: Account
    credit: Account
    amount_cents: int


def spread(debits: Sequence[tuple[Account, int]], credits: Sequence[tuple[Account, int]]) -> list[Transfer]:  # noqa: A002 - the field's word
    """Return transfers that debit and credit each account by its amount, matched from left to right.

    Amounts are zero or more. Raises ValueError unless both sides add up to the same.
    """
    if sum(amount for _, amount in debits) != sum(amount for _, amount in credits):
        raise ValueError(f"an entry must balance: debits {debits}, credits {credits}")
    transfers = []
    owing = [(account, amount) for account, amount in credits if amount]
    for debit, whole in debits:
        left = whole
        while left:
            credit, wanted = owing[0]
            amount = min(left, wanted)
            transfers.append(Transfer(debit, credit, amount))
            left -= amount
            if amount == wanted:
                owing.pop(0)
            else:
                owing[0] = (credit, wanted - amount)
    return transfers


Side = Sequence[tuple[Account, int]]


def part(side: Side, first_cents: int) -> tuple[list[tuple[Account, int]], list[tuple[Account, int]]]:
    """Divide one side of an entry: its first cents, from left to right, and the rest."""
    first, rest = [], []
    left = first_cents
    for account, amount in side:
        taken = min(left, amount)
        first.append((account, taken))
        rest.append((account, amount - taken))
        left -= taken
    return first, rest
