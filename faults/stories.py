"""What customers, drivers and staff do with one order each."""

import random
from dataclasses import dataclass
from uuid import UUID

from faults.patient import JSON, Patient, Person, Record

TENDERS = {
    "good card": 40,
    "card that declines": 12,
    "card that asks the bank": 10,
    "card that fails at the bank": 5,
    "customer who leaves the bank's page": 3,
    "cash": 15,
    "coins only": 5,
    "payment prepared beforehand": 10,
}
"""Ways to pay, each with how often."""
_METHODS = {"card that declines": "declined", "cash": "cash", "coins only": "fs_coin"}
_ENDS = {"lies": 25, "cancelled": 20, "delivered": 40, "returned": 10, "refunded before": 5}
_FLOAT_CENTS = 10_000


@dataclass(frozen=True)
class Scene:
    """Everybody and everything that stories need."""

    patient: Patient
    record: Record
    chance: random.Random
    driver: Person
    driver_id: str
    admin: Person
    goods: list[UUID]

    def draw(self, kinds: dict[str, int]) -> str:
        """Return one of the kinds, as often as they say."""
        return self.chance.choices(list(kinds), list(kinds.values()))[0]


async def open_shift(scene: Scene) -> None:
    """Let the driver begin with a float in the drawer."""
    body = {"online": True, "openingCash": _FLOAT_CENTS / 100}
    await scene.patient.expect("POST", "/api/driver/shift", scene.driver, body)


async def close_shift(scene: Scene) -> None:
    """Let the driver count the drawer and staff sign it off: both find what was taken at doors, or are refused."""
    cash = (_FLOAT_CENTS + scene.record.cash_cents) / 100
    body = {"online": False, "closingCash": cash}
    await scene.patient.expect("POST", "/api/driver/shift", scene.driver, body)
    told = await scene.patient.expect("GET", "/api/admin/drawers?status=counted", scene.admin)
    for drawer in (told or {})["drawers"]:
        path = f"/api/admin/drawers/{drawer['id']}/sign-off"
        if await scene.patient.expect("POST", path, scene.admin, {"receivedCash": cash}) is not None:
            scene.record.counts["drawers signed off"] += 1


async def live(scene: Scene, customer: Person) -> None:
    """Fill a cart, order it somehow, and let something become of the order."""
    line = {"productId": str(scene.chance.choice(scene.goods)), "quantity": scene.chance.randint(1, 3)}
    await scene.patient.expect("PUT", "/api/cart/update", customer, line)
    tender = scene.draw(TENDERS)
    scene.record.counts[f"ordered with: {tender}"] += 1
    order = await _order(scene, customer, tender)
    if order is None:
        scene.record.counts["orders refused"] += 1
        return
    scene.record.counts["orders placed"] += 1
    await _become(scene, customer, order)


async def _order(scene: Scene, customer: Person, tender: str) -> JSON | None:
    body = await _wish(scene, customer, tender)
    answer = await scene.patient.call("POST", "/api/orders", customer, body)
    told = answer.json()
    if answer.status_code == 402 and "orderId" in told:
        scene.record.declined.add(told["orderId"])
        return await _pay_again(scene, customer, told["orderId"])
    if not answer.is_success:
        if answer.status_code not in {402, 409}:
            scene.record.unexplained.append(f"POST /api/orders: {answer.status_code} {answer.text[:200]}")
        return None
    order: JSON = told["order"]
    scene.record.hear(order)
    if told["payment"]["status"] == "requires_action":
        return await _at_the_bank(scene, customer, told, tender)
    return order


async def _wish(scene: Scene, customer: Person, tender: str) -> JSON:
    method = "asks" if tender.endswith(("the bank", "bank's page")) else _METHODS.get(tender, "card")
    body: JSON = {
        "deliveryAddressId": customer.address_id,
        "paymentMethodId": customer.methods[method],
        "tip": scene.chance.choice([0, 0, 2.5]),
    }
    if tender != "coins only" and scene.chance.random() < 0.3:
        body["useCoins"] = scene.chance.randint(1, 300)
    if tender == "payment prepared beforehand":
        body |= await _prepare(scene, customer, body)
    return body


async def _prepare(scene: Scene, customer: Person, body: JSON) -> JSON:
    """Prepare a payment, half of them paid before the order; returns what names it, nothing when it was not made."""
    quote = await scene.patient.expect("POST", "/api/orders/quote", customer, body)
    if quote is None or quote["amountDue"] == 0:
        return {}
    wanted = {"amount": quote["amountDue"], "paymentMethodId": customer.methods["card"]}
    intent = await scene.patient.expect("POST", "/api/payments/create-intent", customer, wanted)
    if intent is None or intent["clientSecret"] is None:
        return {}
    if scene.chance.random() < 0.5:
        await scene.patient.press(intent["clientSecret"], "complete")
    if scene.chance.random() < 0.1:
        scene.record.counts["prepared payments forgotten"] += 1
        return {}
    return {"paymentIntentId": intent["paymentIntentId"]}


async def _pay_again(scene: Scene, customer: Person, order_id: str) -> JSON | None:
    if scene.chance.random() < 0.3:
        return None
    method = scene.chance.choice(["card", "cash", "declined"])
    return await _confirm(scene, customer, order_id, {"paymentMethodId": customer.methods[method]})


async def _at_the_bank(scene: Scene, customer: Person, told: JSON, tender: str) -> JSON:
    order: JSON = told["order"]
    if tender.startswith("customer who leaves"):
        return order
    outcome = "fail" if "fails" in tender else "complete"
    await scene.patient.press(told["payment"]["clientSecret"], outcome)
    return await _confirm(scene, customer, order["id"]) or order


async def _confirm(scene: Scene, customer: Person, order_id: str, body: JSON | None = None) -> JSON | None:
    path = f"/api/orders/{order_id}/confirm-payment"
    told = await scene.patient.expect("POST", path, customer, body, refusals=(402, 409))
    if told is None:
        return None
    order: JSON = told["order"]
    scene.record.hear(order)
    return order


async def _become(scene: Scene, customer: Person, order: JSON) -> None:
    """Let an order be cancelled, delivered, brought back, or lie; some delivered ones are refunded."""
    end = scene.draw(_ENDS)
    if end == "cancelled":
        path = f"/api/orders/{order['id']}/cancel"
        told = await scene.patient.expect("POST", path, customer, refusals=(409,))
        if told is not None:
            scene.record.hear(told["order"])
            scene.record.counts["orders cancelled by customers"] += 1
    elif end != "lies" and order["status"] == "confirmed":
        if end == "refunded before":
            await _refund(scene, order, {"amount": 0.5})
        if await _set_out(scene, order):
            await (_bring_back(scene, order) if end == "returned" else _hand_over(scene, customer, order))


async def _set_out(scene: Scene, order: JSON) -> bool:
    board, road = f"/api/admin/orders/{order['id']}", f"/api/driver/orders/{order['id']}"
    steps: tuple[tuple[str, str, Person, JSON | None], ...] = (
        ("PATCH", f"{board}/status", scene.admin, {"status": "preparing"}),
        ("POST", f"{board}/assign", scene.admin, {"driverId": scene.driver_id}),
        ("POST", f"{road}/pickup", scene.driver, None),
    )
    for method, path, who, body in steps:
        if await scene.patient.expect(method, path, who, body) is None:
            return False
    return True


async def _bring_back(scene: Scene, order: JSON) -> None:
    path, body = f"/api/driver/orders/{order['id']}/return", {"reason": "Nobody opened the door."}
    told = await scene.patient.expect("POST", path, scene.driver, body)
    if told is None:
        return
    scene.record.hear(told["order"])
    scene.record.counts["orders brought back"] += 1
    await scene.patient.expect("POST", f"/api/admin/orders/{order['id']}/receive-goods", scene.admin)


async def _hand_over(scene: Scene, customer: Person, order: JSON) -> None:
    check = {
        "method": "visual",
        "documentType": "drivers_license",
        "dateOfBirth": customer.born.isoformat(),
        "expiresAt": "2099-01-01",
        "nameMatches": True,
    }
    body: JSON = {"idCheck": check}
    due_cents = round(order["payment"]["amountDue"] * 100)
    takes_cash = order["paymentMethod"]["type"] == "cash" and due_cents > 0
    if takes_cash:
        body["cashReceived"] = (due_cents + 500) / 100
    path = f"/api/driver/orders/{order['id']}/deliver"
    told = await scene.patient.expect("POST", path, scene.driver, body)
    if told is None:
        return
    scene.record.hear(told["order"])
    scene.record.cash_cents += due_cents if takes_cash else 0
    scene.record.counts["orders delivered"] += 1
    for _ in range(scene.chance.choice([0, 0, 0, 1, 2, 3])):
        await _refund(scene, order, _refund_wish(scene, order))


def _refund_wish(scene: Scene, order: JSON) -> JSON:
    if scene.chance.random() < 0.5:
        return {"amount": round(scene.chance.uniform(0.01, order["totalAmount"]), 2)}
    unit = {"productId": order["items"][0]["productId"], "quantity": 1}
    return {"items": [unit], "restock": scene.chance.random() < 0.5}


async def _refund(scene: Scene, order: JSON, body: JSON) -> None:
    path = f"/api/admin/orders/{order['id']}/refund"
    wish = body | {"reason": "It was broken."}
    if await scene.patient.expect("POST", path, scene.admin, wish, refusals=(409,)) is None:
        scene.record.counts["refunds refused"] += 1
        return
    scene.record.refunds[order["id"]] += 1
    scene.record.counts["refunds made"] += 1
