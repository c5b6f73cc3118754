"""When all is quiet: whether what the API tells of the orders holds together."""

import asyncio
from collections import Counter
from itertools import pairwise

from faded_skies.simulate import wire
from faded_skies.simulate.client import Answer, Refused, going_on
from faded_skies.simulate.customer import Customer
from faded_skies.simulate.tally import Failure

PAGE = 100

MONEY_PATIENCE, MONEY_POLL = 15.0, 1.0
"""Seconds that a refund may take."""

FIRST = frozenset({"pending", "confirmed"})


async def check(customer: Customer, *, closed: bool) -> None:
    """Check every order of this customer in this simulation, and their coins.

    `closed`: everything was brought home, so each order must have ended.
    """
    tally = customer.tally
    orders: dict[str, wire.Order] = {}
    with going_on(tally):
        orders = await _orders(customer)
        mine = set(customer.scene.orders) & set(orders)
        for order_id in mine:
            with going_on(tally):
                await _check_order(customer, orders[order_id], closed=closed)
        await _check_coins(customer, orders)
    await _check_ears(customer, orders)


async def _orders(customer: Customer) -> dict[str, wire.Order]:
    """Return the customer's orders since the simulation began."""
    found: dict[str, wire.Order] = {}
    while True:
        query: dict[str, str | int] = {"limit": PAGE, "offset": len(found)}
        answer = await customer.api.call("GET", "/api/orders", query=query)
        page = answer.read(wire.several(wire.order), "orders")
        for order in page:
            if order.id == customer.newest_before:
                return found
            found[order.id] = order
        if not answer.read(wire.yes_or_no, "hasMore"):
            return found


async def _check_order(customer: Customer, order: wire.Order, *, closed: bool) -> None:
    tally = customer.tally
    answer = await customer.api.call("GET", "/api/orders/{id}", of=order.id)
    order = answer.read(wire.order, "order")
    customer.scene.orders[order.id].status = order.status
    if not order.adds_up:
        tally.fail(answer.unexplained("the order does not add up").failure)
    if closed and order.status not in wire.FINAL:
        tally.fail(answer.unexplained(f"stuck: the order is still {order.status}").failure)
    told = await customer.api.call("GET", "/api/orders/{id}/tracking", of=order.id)
    story = told.read(wire.several(wire.line), "tracking")
    for what in wrong_in(story, order.status):
        tally.fail(told.unexplained(what).failure)
    await _check_money(customer, order, answer)


def wrong_in(story: list[wire.Line], status: str) -> list[str]:
    """Return what does not fit in an order's story; lines that repeat a state are notes."""
    wrong = []
    states = [line.status for line in story]
    moves = [(before, after) for before, after in pairwise(states) if before != after]
    wrong += [
        f"tracking goes from {before} to {after}"
        for before, after in moves
        if after not in wire.MOVES.get(before, set())
    ]
    if not states or states[0] not in FIRST:
        wrong.append(f"tracking begins with {states[0] if states else 'nothing'}")
    elif states[-1] != status:
        wrong.append(f"tracking ends with {states[-1]}, the order is {status}")
    if any(before.at > after.at for before, after in pairwise(story)):
        wrong.append("tracking is not in the order of time")
    return wrong


async def _check_money(customer: Customer, order: wire.Order, answer: Answer) -> None:
    """What was paid must be what was due, and must come back when the order ended early."""
    for _ in range(int(MONEY_PATIENCE / MONEY_POLL)):
        if order.status not in {"cancelled", "returned"} or order.refunded == order.paid:
            break
        await asyncio.sleep(MONEY_POLL)
        answer = await customer.api.call("GET", "/api/orders/{id}", of=order.id)
        order = answer.read(wire.order, "order")
    if order.paid not in {0, order.bill.due}:
        raise answer.unexplained("paid is neither nothing nor what was due")
    if order.status == "delivered" and (order.paid, order.refunded) != (order.bill.due, 0):
        raise answer.unexplained("delivered, but not paid")
    if order.status in {"cancelled", "returned"} and order.refunded != order.paid:
        raise answer.unexplained(f"{order.status}, but the money did not come back in {MONEY_PATIENCE:.0f} s")


async def _check_coins(customer: Customer, orders: dict[str, wire.Order]) -> None:
    """The ledger must add up to the balance and hold, for each order, what it took, gave back and earned."""
    ledger: list[wire.Coins] = []
    while True:
        query: dict[str, str | int] = {"limit": PAGE, "offset": len(ledger)}
        answer = await customer.api.call("GET", "/api/users/rewards", query=query)
        ledger += answer.read(wire.several(wire.coins), "transactions")
        if not answer.read(wire.yes_or_no, "hasMore"):
            break
    if sum(entry.amount for entry in ledger) != answer.read(wire.whole, "balance"):
        raise answer.unexplained("the coins' ledger does not add up to the balance")
    by_order: Counter[tuple[str | None, str]] = Counter()
    for entry in ledger:
        by_order[entry.order_id, entry.kind] += entry.amount
    for order in orders.values():
        taken = -order.bill.coins
        wanted = {
            "redeemed": taken,
            "returned": -taken if order.status in {"cancelled", "returned"} else 0,
            "earned": order.bill.points if order.status == "delivered" else 0,
        }
        for kind, amount in wanted.items():
            if by_order[order.id, kind] != amount:
                what = f"an order that is {order.status} has {by_order[order.id, kind]} coins {kind}, not {amount}"
                customer.tally.fail(answer.unexplained(what).failure)


async def _check_ears(customer: Customer, orders: dict[str, wire.Order]) -> None:
    """Nobody may hear of another's order, and no order may live that its customer was never told of."""
    tally = customer.tally
    unknown = [
        order
        for order in orders.values()
        if order.id not in customer.scene.orders and order.status not in {"payment_failed", "cancelled"}
    ]
    if len(unknown) > customer.unanswered:
        what = f"{len(unknown)} orders live that this customer was never told of"
        tally.fail(Failure(what, "GET /api/orders"))
    for order_id in set(customer.heard) - set(orders):
        # It may be one of their own from before, which a new order of the same cart has replaced.
        with going_on(tally):
            try:
                await customer.api.call("GET", "/api/orders/{id}", of=order_id, refusals={"NOT_FOUND"})
            except Refused:
                tally.fail(Failure("the socket told of somebody else's order", "SOCKET order-status"))
