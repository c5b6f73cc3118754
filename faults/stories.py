"""What customers, drivers and staff do with one order each, repeating what they got no answer to."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx

JSON = dict[str, Any]

TENDERS = (
    "card",
    "declined",
    "asks the bank",
    "fails at the bank",
    "left at the bank",
    "cash",
    "coins",
    "prepared",
)
_WEIGHTS = (40, 12, 10, 5, 3, 15, 5, 10)
_MOST_TRIES = 40


@dataclass(frozen=True)
class Person:
    """Somebody with a token and, for customers, an address and ways to pay."""

    headers: dict[str, str]
    born: date
    address_id: str = ""
    methods: dict[str, str] = field(default_factory=dict)


@dataclass
class Record:
    """What all of them were told, for the proof in the end."""

    answers: dict[str, JSON] = field(default_factory=dict)
    """The last order that a client was told of, by its id."""

    counts: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)


class Patient:
    """Calls until there is an answer, with the same Idempotency-Key, at one server or another."""

    def __init__(
        self, http: httpx.AsyncClient, servers: list[str], chance: random.Random, record: Record
    ) -> None:
        self._http = http
        self._servers = servers
        self._chance = chance
        self._record = record

    async def call(self, method: str, path: str, person: Person, body: JSON | None = None) -> httpx.Response:
        headers = person.headers | ({"Idempotency-Key": str(uuid4())} if method != "GET" else {})
        for attempt in range(_MOST_TRIES):
            try:
                answer = await self._http.request(
                    method, f"{self._chance.choice(self._servers)}{path}", json=body, headers=headers
                )
            except httpx.HTTPError:
                self._record.counts["answers lost"] += 1
            else:
                code = answer.json().get("code") if answer.content and answer.is_error else None
                if answer.status_code < 500 and code != "IDEMPOTENCY_IN_PROGRESS":
                    return answer
            await asyncio.sleep(min(2, 0.1 * 1.4**attempt))
        raise TimeoutError(f"no answer to {method} {path}")

    async def expect(
        self,
        method: str,
        path: str,
        person: Person,
        body: JSON | None = None,
        *,
        refusals: tuple[int, ...] = (),
    ) -> JSON | None:
        """Return the body of a success, None for an expected refusal; everything else is written down."""
        answer = await self.call(method, path, person, body)
        if answer.is_success:
            return answer.json() if answer.content else {}
        if answer.status_code not in refusals:
            self._record.unexplained.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return None

    async def press(self, secret: str, outcome: str) -> None:
        """Answer the bank's question on its page, once somebody takes it."""
        path = f"/sandbox/authenticate/{secret.partition('_secret_')[0]}"
        for attempt in range(_MOST_TRIES):
            try:
                answer = await self._http.post(
                    f"{self._chance.choice(self._servers)}{path}",
                    data={"client_secret": secret, "outcome": outcome},
                )
            except httpx.HTTPError:
                self._record.counts["answers lost"] += 1
            else:
                if answer.status_code < 500:
                    return
            await asyncio.sleep(min(2, 0.1 * 1.4**attempt))
        raise TimeoutError("the bank's page does not answer")


@dataclass(frozen=True)
class Scene:
    """Everybody and everything that stories need."""

    patient: Patient
    record: Record
    chance: random.Random
    driver: Person
    driver_id: str
    admin: Person
    goods: list[tuple[UUID, int]]
    """Products with their prices in cents."""


async def live(scene: Scene, customer: Person) -> None:
    """Fill a cart, order it somehow, and let something become of the order."""
    product_id, _ = scene.chance.choice(scene.goods)
    line = {"productId": str(product_id), "quantity": scene.chance.randint(1, 3)}
    await scene.patient.expect("PUT", "/api/cart/update", customer, line)
    tender = scene.chance.choices(TENDERS, _WEIGHTS)[0]
    scene.record.counts[f"paid by: {tender}"] += 1
    order = await _order(scene, customer, tender)
    if order is None:
        scene.record.counts["refused"] += 1
        return
    scene.record.counts["placed"] += 1
    scene.record.answers[order["id"]] = order
    await _become(scene, customer, order)


async def _order(scene: Scene, customer: Person, tender: str) -> JSON | None:
    body: JSON = {"deliveryAddressId": customer.address_id, "tip": scene.chance.choice([0, 0, 2.5])}
    method = {"declined": "declined", "cash": "cash", "coins": "fs_coin"}.get(tender, "card")
    if tender.endswith("the bank"):
        method = "asks"
    body["paymentMethodId"] = customer.methods[method]
    if scene.chance.random() < 0.3 and tender != "coins":
        body["useCoins"] = scene.chance.randint(1, 300)
    if tender == "prepared":
        intent = await _prepare(scene, customer, body)
        if intent is not None:
            body["paymentIntentId"] = intent
    answer = await scene.patient.call("POST", "/api/orders", customer, body)
    told = answer.json()
    if answer.status_code == 402 and "orderId" in told:
        return await _pay_again(scene, customer, told["orderId"])
    if not answer.is_success:
        if answer.status_code not in {402, 409, 422}:
            scene.record.unexplained.append(f"POST /api/orders: {answer.status_code} {answer.text[:200]}")
        return None
    if told["payment"]["status"] == "requires_action":
        return await _at_the_bank(scene, customer, told, tender)
    order: JSON = told["order"]
    return order


async def _prepare(scene: Scene, customer: Person, body: JSON) -> str | None:
    quote = await scene.patient.expect("POST", "/api/orders/quote", customer, body)
    if quote is None or quote["amountDue"] < 0.5:
        return None
    wanted = {"amount": quote["amountDue"], "paymentMethodId": customer.methods["card"]}
    intent = await scene.patient.expect("POST", "/api/payments/create-intent", customer, wanted)
    if intent is None or intent["clientSecret"] is None:
        return None
    if scene.chance.random() < 0.5:
        await _press(scene, intent["clientSecret"], "complete")
    return str(intent["paymentIntentId"])


async def _pay_again(scene: Scene, customer: Person, order_id: str) -> JSON | None:
    if scene.chance.random() < 0.3:
        return None
    path = f"/api/orders/{order_id}/confirm-payment"
    method = scene.chance.choice(["card", "cash", "declined"])
    told = await scene.patient.expect(
        "POST", path, customer, {"paymentMethodId": customer.methods[method]}, refusals=(402, 409)
    )
    return None if told is None else told["order"]


async def _at_the_bank(scene: Scene, customer: Person, told: JSON, tender: str) -> JSON | None:
    order: JSON = told["order"]
    if tender == "left at the bank":
        return order
    await _press(scene, told["payment"]["clientSecret"], "complete" if tender == "asks the bank" else "fail")
    path = f"/api/orders/{order['id']}/confirm-payment"
    paid = await scene.patient.expect("POST", path, customer, refusals=(402, 409))
    return order if paid is None else paid["order"]


async def _press(scene: Scene, secret: str, outcome: str) -> None:
    await scene.patient.press(secret, outcome)


async def _become(scene: Scene, customer: Person, order: JSON) -> None:
    """Let an order be cancelled, delivered, brought back, or lie; some delivered ones are refunded."""
    what = scene.chance.choices(("lies", "cancelled", "delivered", "returned"), (30, 20, 40, 10))[0]
    if what == "cancelled":
        path = f"/api/orders/{order['id']}/cancel"
        told = await scene.patient.expect("POST", path, customer, refusals=(409,))
        scene.record.counts["cancelled by customers"] += told is not None
    elif what != "lies" and order["status"] == "confirmed":
        await _drive(scene, customer, order, brings_back=what == "returned")


async def _drive(scene: Scene, customer: Person, order: JSON, *, brings_back: bool) -> None:
    patient, admin, driver = scene.patient, scene.admin, scene.driver
    board, road = f"/api/admin/orders/{order['id']}", f"/api/driver/orders/{order['id']}"
    if (
        await patient.expect("PATCH", f"{board}/status", admin, {"status": "preparing"}, refusals=(409,))
        is None
    ):
        return
    await patient.expect("POST", f"{board}/assign", admin, {"driverId": scene.driver_id})
    await patient.expect("POST", f"{road}/pickup", driver)
    if brings_back:
        await patient.expect("POST", f"{road}/return", driver, {"reason": "Nobody opened the door."})
        await patient.expect("POST", f"{board}/receive-goods", admin)
        scene.record.counts["brought back"] += 1
        return
    check = {
        "method": "visual",
        "documentType": "drivers_license",
        "dateOfBirth": customer.born.isoformat(),
        "expiresAt": "2099-01-01",
        "nameMatches": True,
    }
    body: JSON = {"idCheck": check}
    if order["paymentMethod"]["type"] == "cash" and order["payment"]["amountDue"] > 0:
        body["cashReceived"] = order["payment"]["amountDue"] + 5
    if await patient.expect("POST", f"{road}/deliver", driver, body) is None:
        return
    scene.record.counts["delivered"] += 1
    if scene.chance.random() < 0.4:
        await _refund(scene, order)


async def _refund(scene: Scene, order: JSON) -> None:
    body: JSON = {"reason": "It was broken."}
    if scene.chance.random() < 0.5:
        item = order["items"][0]
        body |= {
            "items": [{"productId": item["productId"], "quantity": 1}],
            "restock": scene.chance.random() < 0.5,
        }
    else:
        body["amount"] = round(scene.chance.uniform(0.01, order["totalAmount"]), 2)
    for _ in range(scene.chance.randint(1, 3)):
        path = f"/api/admin/orders/{order['id']}/refund"
        if await scene.patient.expect("POST", path, scene.admin, body, refusals=(409,)) is not None:
            scene.record.counts["refunds"] += 1
