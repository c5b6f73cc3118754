"""Each operation is called once for real, and the bytes of its answer are held against the shape it promises."""

import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pyotp
from pydantic import TypeAdapter

from factories.authenticator import Authenticator
from factories.catalog import make_product
from factories.dead_letters import make_delivery, make_failed_job
from factories.delivery import id_check, make_order, position
from factories.federated import Someone, TalkativeProvider
from factories.identity import PASSWORD, SignedInPerson, mails_to, registration, sign_in, signed_in, token_in
from factories.messages import make_told
from factories.operations import Operation, operations_of
from factories.reports import make_report
from factories.shop import Shopper, make_shopper, open_shop
from factories.verification import FRONT
from faded_skies.adapters.sandbox.signing import HEADER, sign, webhook_secret
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery.service import DispatchDesk, run_round
from faded_skies.domains.identity.ports import IdentityProviders
from faded_skies.domains.notifications.service import unsubscribe_token
from faded_skies.domains.orders.service import Status
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.http.answers import dump
from faded_skies.platform.ids import new_id

Headers = dict[str, str]
STATES = {
    "pending",
    "payment_failed",
    "confirmed",
    "preparing",
    "out_for_delivery",
    "delivered",
    "returned",
    "cancelled",
}


ELSEWHERE = {"POST /webhooks/jumio", "POST /webhooks/stripe", "GET /api/orders/{order_id}/events"}
"""What this shop has not (tests/domains/verification/test_vendor.py, tests/adapters/stripe), and what does not end
(tests/journeys/test_streams.py)."""


class Caller:
    """Calls operations by their names, and remembers which were answered as promised."""

    def __init__(self, client: httpx.AsyncClient, operations: list[Operation]) -> None:
        self._client = client
        self.operations = {operation.name: operation for operation in operations}
        self.called: set[str] = set()

    async def __call__(
        self, name: str, headers: Headers | None = None, *, ids: tuple[object, ...] = (), **request: Any
    ) -> Any:
        operation = self.operations[name]
        path = operation.path
        for parameter, value in zip(operation.ids, ids, strict=True):
            path = path.replace(f"{{{parameter}}}", str(value))
        answer = await self._client.request(operation.method, path, headers=headers, **request)
        promised = next(status for status in operation.told["responses"] if status.startswith(("2", "3")))
        assert answer.status_code == int(promised), (name, answer.text)
        self.called.add(name)
        if answer.status_code == 204:
            assert answer.content == b""
            return None
        if promised.startswith("3"):
            assert answer.content == b""
            return answer.headers["location"]
        kind = answer.headers["content-type"]
        assert kind in operation.told["responses"][promised]["content"]
        if kind != "application/json":
            return answer
        TypeAdapter(operation.model).validate_json(answer.content, strict=True)
        return answer.json()


async def test_every_answer_has_the_shape_that_the_document_promises(
    app: Application, client: httpx.AsyncClient, drain: Callable[[], Awaitable[None]]
) -> None:
    call = Caller(client, await operations_of(client))
    await _look_around(app, call)
    await _live_an_account(app, call, drain)
    await _invite(app, client, call, drain)
    await _sign_out_elsewhere(app, client, call)
    await _second_factor(app, client, call)
    await _come_from_a_provider(app, client, call)
    await _passkeys(app, client, call)
    await _own_things(app, client, call)
    await _order(app, client, call)
    await _keep_catalogue(app, client, call)
    await _fleet(app, client, call)
    await _be_told(app, client, call)
    await _be_counted(app, client, call)
    await _show_papers(app, client, call)
    await _talk_with_support(app, client, call)
    await _jobs(app, client, call)
    await _audit(app, client, call)
    assert call.called == set(call.operations) - ELSEWHERE


async def _be_counted(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    person = await signed_in(app)
    yes = {"analytics": True, "thirdParties": False}
    assert (await call("PUT /api/analytics/consent", person.headers, json=yes))["consent"]["since"]
    assert (await call("GET /api/analytics/consent", person.headers))["consent"]["analytics"] is True
    seen = {"events": [{"event": "page_view", "properties": {"page": "/products"}}]}
    assert (await call("POST /api/analytics/events", person.headers, json=seen))["accepted"] == 1


async def _look_around(app: Application, call: Caller) -> None:
    await open_shop(app)
    await make_product(app.ports.db, original_price_cents=4000, strain_type="sativa", effects=["happy"])
    assert (await call("GET /api/products"))["total"] == 1
    assert len((await call("GET /api/categories"))["categories"]) == 1
    assert (await call("GET /api/shop"))["openNow"] is True
    await call(
        "POST /api/compliance/calculate-tax", json={"subtotal": 70, "deliveryAddress": {"city": "Austin"}}
    )
    assert (await call("GET /api/compliance/license"))["business"]["status"] == "Active"
    await call("POST /api/compliance/validate-delivery-area", json={"address": {"city": "Austin"}})
    for name in ("GET /health", "GET /health/live", "GET /health/ready", "GET /metrics"):
        await call(name)


async def _live_an_account(app: Application, call: Caller, drain: Callable[[], Awaitable[None]]) -> None:
    given = registration()
    email = str(given["email"])
    headers = _bearer(await call("POST /api/auth/register", json=given))
    await call("POST /api/auth/resend-verification", headers)
    await drain()
    await call("POST /api/auth/verify-email", json={"token": token_in(mails_to(app, email)[0])})
    await call("GET /api/users/profile", headers)
    await call("PUT /api/users/profile", headers, json={"fullName": "Maya Okafor-Reyes"})
    await call("POST /api/auth/forgot-password", json={"email": email})
    await drain()
    token = token_in(mails_to(app, email)[0])
    await call("POST /api/auth/reset-password", json={"token": token, "newPassword": f"{PASSWORD}2"})
    tokens = await call("POST /api/auth/login", json={"email": email, "password": f"{PASSWORD}2"})
    tokens = await call("POST /api/auth/refresh-token", json={"refreshToken": tokens["refreshToken"]})
    await call("POST /api/auth/logout", _bearer(tokens))


async def _invite(
    app: Application, client: httpx.AsyncClient, call: Caller, drain: Callable[[], Awaitable[None]]
) -> None:
    admin = await signed_in(app, role=Role.ADMIN)
    body = {"email": "dara@example.com", "role": "driver", "fullName": "Dara Voss"}
    await call("POST /api/admin/invitations", admin.headers, json=body)
    await drain()
    token = token_in(mails_to(app, "dara@example.com")[0])
    accepted = {"token": token, "fullName": "Dara Voss", "password": PASSWORD, "phone": "(512) 555-0134"}
    assert (await call("POST /api/auth/accept-invitation", json=accepted))["user"]["role"] == "driver"
    second = await call("POST /api/admin/invitations", admin.headers, json=body | {"email": "x@example.com"})
    ids = (second["invitation"]["id"],)
    await call("DELETE /api/admin/invitations/{invitation_id}", admin.headers, ids=ids)
    listed = await call("GET /api/admin/invitations", admin.headers)
    assert [one["status"] for one in listed["invitations"]] == ["revoked", "accepted"]


async def _sign_out_elsewhere(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    person = await signed_in(app)
    await sign_in(client, person.email)
    change = {"currentPassword": PASSWORD, "newPassword": f"{PASSWORD}2"}
    await call("PUT /api/users/password", person.headers, json=change)
    other = await sign_in(client, person.email, f"{PASSWORD}2")
    sessions = (await call("GET /api/users/sessions", person.headers))["sessions"]
    assert [session["current"] for session in sessions] == [False, True]
    ids = (sessions[0]["id"],)
    await call("DELETE /api/users/sessions/{session_id}", person.headers, ids=ids)
    assert (await client.get("/api/users/profile", headers=other.headers)).status_code == 401
    await call("DELETE /api/users/sessions", person.headers)
    person = await sign_in(client, person.email, f"{PASSWORD}2")
    assert (await call("GET /api/users/me/export", person.headers))["profile"]["email"] == person.email
    await call("DELETE /api/users/me", person.headers, json={"password": f"{PASSWORD}2"})


async def _second_factor(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    person = await signed_in(app)
    begun = await call("POST /api/users/mfa", person.headers, json={"password": PASSWORD})
    phone = pyotp.TOTP(begun["secret"])
    confirmed = await call("POST /api/users/mfa/confirm", person.headers, json={"code": phone.now()})
    codes = confirmed["recoveryCodes"]
    assert (await call("GET /api/users/mfa", person.headers))["recoveryCodesLeft"] == 10
    due = await call("POST /api/auth/login", json={"email": person.email, "password": PASSWORD})
    finish = {"mfaToken": due["mfaToken"], "code": codes[0]}
    headers = _bearer(await call("POST /api/auth/mfa", json=finish))
    renewed = await call("POST /api/users/mfa/recovery-codes", headers, json={"code": codes[1]})
    body = {"password": PASSWORD, "code": renewed["recoveryCodes"][0]}
    await call("DELETE /api/users/mfa", headers, json=body)


async def _come_from_a_provider(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    google = TalkativeProvider()
    app.ports.provide(IdentityProviders, IdentityProviders([google]))
    oauth, name = "/api/auth/oauth/{provider}", ("google",)
    back = google.confirm(await call(f"GET {oauth}/start", ids=name), Someone())
    brought = httpx.URL(await call(f"GET {oauth}/callback", ids=name, params=httpx.URL(back).params))
    code = {"code": brought.params["code"]}
    headers = _bearer(await call("POST /api/auth/oauth/exchange", json=code))
    await call("POST /api/users/profile/complete", headers, json={"dateOfBirth": "1990-05-17"})

    person = await signed_in(app)
    back = google.confirm(await call(f"GET {oauth}/start", ids=name), Someone(email=person.email))
    brought = httpx.URL(await call(f"POST {oauth}/callback", ids=name, data=dict(httpx.URL(back).params)))
    refused = await client.post("/api/auth/oauth/exchange", json={"code": brought.params["code"]})
    person = await sign_in(client, person.email)
    link = {"linkToken": refused.json()["linkToken"]}
    identity = (await call("POST /api/users/identities", person.headers, json=link))["identity"]
    assert (await call("GET /api/users/identities", person.headers))["identities"] == [identity]
    ids = (identity["id"],)
    await call("DELETE /api/users/identities/{identity_id}", person.headers, ids=ids)


async def _passkeys(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    person, device = await signed_in(app), Authenticator()
    options = await call("POST /api/users/passkeys/options", person.headers, json={})
    made = {"name": "My phone", "credential": device.create(options)}
    passkey = (await call("POST /api/users/passkeys", person.headers, json=made))["passkey"]
    assert await call("POST /api/users/passkeys/options", person.headers, json={"password": PASSWORD})
    asked = await call("POST /api/auth/passkey/options")
    await call("POST /api/auth/passkey", json={"credential": device.get(asked)})
    assert len((await call("GET /api/users/passkeys", person.headers))["passkeys"]) == 1
    await call("DELETE /api/users/passkeys/{passkey_id}", person.headers, ids=(passkey["id"],))


async def _own_things(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    person = await signed_in(app)
    home = {
        "name": "Home",
        "addressLine1": "2417 Kinney Ave",
        "city": "Austin",
        "state": "TX",
        "zipCode": "78704",
        "addressType": "home",
    }
    address = (await call("POST /api/users/addresses", person.headers, json=home))["address"]
    ids = (address["id"],)
    await call("PUT /api/users/addresses/{address_id}", person.headers, ids=ids, json={"name": "Flat"})
    assert len((await call("GET /api/users/addresses", person.headers))["addresses"]) == 1
    await call("DELETE /api/users/addresses/{address_id}", person.headers, ids=ids)
    typed = {"input": "2417 Kinney Ave, Aus"}
    found = (await call("GET /api/maps/autocomplete", person.headers, params=typed))["predictions"]
    await call("GET /api/maps/place", person.headers, params={"placeId": found[0]["placeId"]})

    card = {"type": "card", "stripePaymentMethodId": "pm_card_visa"}
    method = (await call("POST /api/payments/methods", person.headers, json=card))["paymentMethod"]
    await call("POST /api/payments/methods", person.headers, json={"type": "cash"})
    ids = (method["id"],)
    await call("PATCH /api/payments/methods/{method_id}", person.headers, ids=ids, json={"isPrimary": True})
    assert len((await call("GET /api/payments/methods", person.headers))["paymentMethods"]) == 2
    intent = {"amount": 24.5, "paymentMethodId": method["id"]}
    await call("POST /api/payments/create-intent", person.headers, json=intent)
    await call("DELETE /api/payments/methods/{method_id}", person.headers, ids=ids)


async def _order(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    """Order with every outcome, so that lists hold an order in each state."""
    asks, fails = "pm_card_authenticationRequired", "pm_card_chargeCustomerFail"
    shopper = await make_shopper(app, client, cards=(asks, fails))
    admin = await signed_in(app, role=Role.ADMIN)
    line = {"productId": str(await make_product(app.ports.db, stock=50)), "quantity": 1}
    await _fill_a_cart(call, shopper, line)

    async def place(tender: str = "card") -> str:
        await call("POST /api/cart/add", shopper.headers, json=line)
        body = shopper.order(tender, tip=2, useCoins=True, specialInstructions="The blue door.")
        order_id: str = (await call("POST /api/orders", shopper.headers, json=body))["order"]["id"]
        return order_id

    await _drive(
        app, client, call, admin, shopper, [await place(tender) for tender in ("cash", "card", "card")]
    )
    await _amend(app, call, admin, shopper, await place())
    await call("POST /api/orders/{order_id}/cancel", shopper.headers, ids=(await place(),))
    await _pack(call, admin, await place())
    await call("POST /api/orders/{order_id}/confirm-payment", shopper.headers, ids=(await place(),))
    for tender, code in ((asks, 201), (fails, 402)):
        await call("POST /api/cart/add", shopper.headers, json=line)
        answer = await client.post("/api/orders", json=shopper.order(tender), headers=shopper.headers)
        assert answer.status_code == code, answer.text
    ids = (line["productId"],)
    review = {"rating": 5, "title": "Calm", "body": None}
    await call("POST /api/products/{product_id}/reviews", shopper.headers, ids=ids, json=review)
    assert len((await call("GET /api/products/{product_id}", ids=ids))["reviews"]) == 1
    listed = await call("GET /api/orders", shopper.headers)
    assert {order["status"] for order in listed["orders"]} == STATES
    for order in listed["orders"]:
        await call("GET /api/orders/{order_id}", shopper.headers, ids=(order["id"],))
        await call("GET /api/orders/{order_id}/tracking", shopper.headers, ids=(order["id"],))
    await call("GET /api/admin/orders", admin.headers, params={"limit": 100})
    await call("GET /api/users/rewards", shopper.headers)


async def _amend(
    app: Application, call: Caller, admin: SignedInPerson, shopper: Shopper, order_id: str
) -> None:
    """Propose a substitute three times: it is taken back, declined and accepted; then the customer changes it again."""
    own, shops = "/api/orders/{order_id}/amend", "/api/admin/orders/{order_id}/amendments"
    products = [await make_product(app.ports.db, price_cents=price, stock=9) for price in (3000, 2000)]
    first, second = ({"lines": [{"productId": str(product), "quantity": 1}]} for product in products)
    for end in ("withdraw", "decline", "accept"):
        body = first | {"reason": "The jar was broken."}
        made = await call(f"POST {shops}", admin.headers, ids=(order_id,), json=body)
        ids = (order_id, made["amendment"]["id"])
        if end == "withdraw":
            await call(f"DELETE {shops}/{{amendment_id}}", admin.headers, ids=ids)
        else:
            await call(f"POST {own}ments/{{amendment_id}}/{end}", shopper.headers, ids=ids)
    await call(f"POST {own}", shopper.headers, ids=(order_id,), json=second)
    listed = await call(f"GET {own}ments", shopper.headers, ids=(order_id,))
    statuses = [one["status"] for one in listed["amendments"]]
    assert statuses == ["applied", "applied", "declined", "withdrawn"]


async def _fill_a_cart(call: Caller, shopper: Shopper, line: dict[str, object]) -> None:
    await call("POST /api/cart/add", shopper.headers, json=line)
    await call("PUT /api/cart/update", shopper.headers, json=line | {"quantity": 2})
    assert (await call("GET /api/cart", shopper.headers))["itemCount"] == 2
    await call("POST /api/orders/quote", shopper.headers, json=shopper.order())
    await call("DELETE /api/cart/remove/{product_id}", shopper.headers, ids=(line["productId"],))
    assert (await call("POST /api/orders/quote", shopper.headers, json=shopper.order()))["problems"]


async def _pack(call: Caller, admin: SignedInPerson, order_id: str) -> None:
    status = {"status": "preparing"}
    await call("PATCH /api/admin/orders/{order_id}/status", admin.headers, ids=(order_id,), json=status)


async def _drive(
    app: Application,
    client: httpx.AsyncClient,
    call: Caller,
    admin: SignedInPerson,
    shopper: Shopper,
    orders: list[str],
) -> None:
    """Deliver the first, bring the second back, and leave the third on the road."""
    driver = await signed_in(app, role=Role.DRIVER)
    await call("POST /api/driver/shift", driver.headers, json={"online": True, "openingCash": 50})
    for order_id in orders:
        await _pack(call, admin, order_id)
        to = {"driverId": str(driver.id)}
        await call("POST /api/admin/orders/{order_id}/assign", admin.headers, ids=(order_id,), json=to)
        await _answer(call, driver, admin, order_id)
        await call("POST /api/driver/orders/{order_id}/pickup", driver.headers, ids=(order_id,))
    assert len((await call("GET /api/driver/orders", driver.headers))["orders"]) == 3
    delivered, returned, moving = [(order_id,) for order_id in orders]
    step = "POST /api/driver/orders/{order_id}/"
    await call(f"{step}arrive", driver.headers, ids=delivered)
    handover = {"idCheck": id_check(), "cashReceived": 100}
    await call(f"{step}deliver", driver.headers, ids=delivered, json=handover)
    given = {"amount": 1.5, "reason": "A favour."}
    await call("POST /api/admin/orders/{order_id}/refund", admin.headers, ids=delivered, json=given)
    coins = {"coins": 100, "reason": "Sorry for the wait."}
    await call("POST /api/admin/users/{user_id}/coins", admin.headers, ids=(str(shopper.id),), json=coins)
    await call("GET /api/admin/disputes", admin.headers)
    await call("GET /api/admin/reports/day-close", admin.headers)
    day = {"startDate": "2026-11-01", "endDate": clock.now().date().isoformat()}
    await call("GET /api/admin/reports", admin.headers, params=day)
    for report in ("taxes", "journal", "sales", "products", "refusals", "funnel"):
        await call(f"GET /api/admin/reports/{report}", admin.headers, params=day)
    await call(f"{step}return", driver.headers, ids=returned, json={"reason": "Nobody opened the door."})
    await call("POST /api/admin/orders/{order_id}/receive-goods", admin.headers, ids=returned)
    await call("POST /api/driver/location", driver.headers, json=position(orderId=moving[0]))
    assert (await call("GET /api/orders/{order_id}/tracking", shopper.headers, ids=moving))["driver"]
    ended = {"online": False, "closingCash": 80}
    assert (await call("POST /api/driver/shift", driver.headers, json=ended))["cash"]["status"] == "counted"
    await _law(call, admin.headers, order_id=orders[0])
    await _lots(app, call, admin, shopper)
    await _reports(app, call, admin.headers, order_id=UUID(delivered[0]))
    await call("GET /api/orders/{order_id}/receipt", shopper.headers, ids=delivered)
    over = {"reason": "She went home."}
    ended = await call(
        "POST /api/admin/drivers/{driver_id}/end-shift", admin.headers, ids=(str(driver.id),), json=over
    )
    (drawer,) = (await call("GET /api/admin/drawers", admin.headers))["drawers"]
    assert ended["drawer"] == drawer
    counted = {"receivedCash": 80, "note": "A customer got too much change."}
    await call(
        "POST /api/admin/drawers/{drawer_id}/sign-off", admin.headers, ids=(drawer["id"],), json=counted
    )


async def _answer(call: Caller, driver: SignedInPerson, admin: SignedInPerson, order_id: str) -> None:
    """Give the order back, get it again, and take it."""
    ids = (order_id,)
    reason = {"reason": "My car does not start."}
    await call("POST /api/driver/orders/{order_id}/decline", driver.headers, ids=ids, json=reason)
    to = {"driverId": str(driver.id)}
    await call("POST /api/admin/orders/{order_id}/assign", admin.headers, ids=ids, json=to)
    await call("POST /api/driver/orders/{order_id}/accept", driver.headers, ids=ids)


async def _dispatch(app: Application, call: Caller, admin: SignedInPerson, customer: SignedInPerson) -> None:
    """Have an order wait for a driver who is not there, and read why."""
    await call("PATCH /api/admin/settings", admin.headers, json={"automaticDispatch": True})
    order_id = await make_order(app, customer.id, status=Status.PREPARING)
    await run_round(app.ports.get(DispatchDesk))
    told = await call("GET /api/admin/dispatch/decisions", admin.headers, params={"orderId": str(order_id)})
    assert told["total"] == 1


async def _keep_catalogue(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    admin = await signed_in(app, role=Role.ADMIN)
    path = "/api/admin/categories"
    made = await call(f"POST {path}", admin.headers, json={"name": "Drinks"})
    category = (made["category"]["id"],)
    await call(f"PATCH {path}/{{category_id}}", admin.headers, ids=category, json={"sortOrder": 4})
    path = "/api/admin/products"
    written = {"categoryId": category[0], "name": "Soda", "price": 6, "productClass": "accessory"}
    product = ((await call(f"POST {path}", admin.headers, json=written))["product"]["id"],)
    await call(f"PATCH {path}/{{product_id}}", admin.headers, ids=product, json={"price": 5})
    form = {"files": {"file": ("a.jpg", FRONT, "image/jpeg")}, "data": {"altText": "A can of soda"}}
    (image,) = (await call(f"POST {path}/{{product_id}}/images", admin.headers, ids=product, **form))[
        "images"
    ]
    order = {"imageIds": [image["id"]]}
    await call(f"PUT {path}/{{product_id}}/images/order", admin.headers, ids=product, json=order)
    ids, better = (*product, image["id"]), {"altText": "A cold can"}
    await call(f"PATCH {path}/{{product_id}}/images/{{image_id}}", admin.headers, ids=ids, json=better)
    told = await call(f"GET {path}/{{product_id}}", admin.headers, ids=product)
    assert [size["width"] for size in told["images"][0]["sizes"]] == [320, 800, 860]
    await call("GET /api/products/{product_id}", ids=product)
    await call(f"DELETE {path}/{{product_id}}/images/{{image_id}}", admin.headers, ids=ids)
    sheet = {"file": ("products.csv", (await call(f"GET {path}/export", admin.headers)).content)}
    taken = await call(f"POST {path}/import", admin.headers, files=sheet)
    assert (taken["created"], taken["changed"], taken["problems"]) == (0, 0, [])
    found = {"change": 3, "reason": "Counted."}
    await call(f"POST {path}/{{product_id}}/stock", admin.headers, ids=product, json=found)
    assert (await call(f"GET {path}/{{product_id}}/stock", admin.headers, ids=product))["total"] == 1
    assert (await call("GET /api/admin/stock/low", admin.headers))["products"]
    await call(f"DELETE {path}/{{product_id}}", admin.headers, ids=product)
    assert (await call(f"GET {path}", admin.headers, params={"isActive": "false"}))["total"] == 1
    away = await call("DELETE /api/admin/categories/{category_id}", admin.headers, ids=category)
    assert await call("GET /api/admin/categories/{category_id}", admin.headers, ids=category) == away
    await call("GET /api/admin/categories", admin.headers)
    path = "/api/admin/service-areas"
    feature = call.operations[f"POST {path}"].example
    area = ((await call(f"POST {path}", admin.headers, json=feature))["id"],)
    made = await call(
        f"PATCH {path}/{{area_id}}", admin.headers, ids=area, json={"properties": {"deliveryFee": 1}}
    )
    assert await call(f"GET {path}/{{area_id}}", admin.headers, ids=area) == made
    told = await call(f"GET {path}", admin.headers)
    taken = await call(f"POST {path}/import", admin.headers, json=told)
    assert (taken["created"], taken["changed"]) == (0, 0)
    await call(f"DELETE {path}/{{area_id}}", admin.headers, ids=area)


async def _fleet(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    admin = await signed_in(app, role=Role.ADMIN)
    driver = await signed_in(app, role=Role.DRIVER)
    customer = await signed_in(app)
    car = {"make": "Kia", "model": "Niro", "plate": "FS-1042", "vin": "KNDCC3LG0L5000001", "enclosed": True}
    vehicle = (await call("POST /api/admin/vehicles", admin.headers, json=car))["vehicle"]
    ids = (vehicle["id"],)
    await call("PATCH /api/admin/vehicles/{vehicle_id}", admin.headers, ids=ids, json={"vin": None})
    assert (await call("GET /api/admin/vehicles", admin.headers))["total"] == 1
    papers = {"papers": [{"kind": "insurance", "expiresOn": "2099-01-01"}]}
    await call("PUT /api/admin/vehicles/{vehicle_id}/papers", admin.headers, ids=ids, json=papers)
    await call("GET /api/admin/vehicles/{vehicle_id}/papers", admin.headers, ids=ids)
    licensed = {"papers": [{"kind": "drivers_license", "expiresOn": None}], "licenseNumber": "T48210377"}
    for name, request in (("PUT", {"json": licensed}), ("GET", {})):
        of_driver = f"{name} /api/admin/drivers/{{driver_id}}/papers"
        told = await call(of_driver, admin.headers, ids=(driver.id,), **request)
        assert told["driver"]["hasLicenseNumber"] is True
    order_id = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    planned = await call("POST /api/driver/trips", driver.headers, json={"orderIds": [str(order_id)]})
    trip, path = (planned["trip"]["id"],), "/api/driver/trips/{trip_id}"
    await call(f"POST {path}/depart", driver.headers, ids=trip)
    await call(f"GET {path}", driver.headers, ids=trip)
    await call(f"GET {path}/manifest", driver.headers, ids=trip)
    await call(f"POST {path}/stops", driver.headers, ids=trip, json={"kind": "rest"})
    check = {"idCheck": id_check()}
    await call("POST /api/driver/orders/{order_id}/deliver", driver.headers, ids=(order_id,), json=check)
    await call(f"POST {path}/end", driver.headers, ids=trip)
    await call("GET /api/admin/trips", admin.headers, params={"open": "false"})
    await _dispatch(app, call, admin, customer)
    await call("GET /api/admin/trips/{trip_id}", admin.headers, ids=trip)
    await call("GET /api/admin/trips/{trip_id}/manifest", admin.headers, ids=trip)
    await call("GET /api/admin/orders/{order_id}/completion", admin.headers, ids=(order_id,))
    assert (await call("GET /api/admin/orders/counts", admin.headers))["counts"]["delivered"]
    assert (await call("GET /api/admin/users", admin.headers, params={"role": "admin"}))["users"]
    await call("GET /api/admin/users/{user_id}", admin.headers, ids=(customer.id,))
    number = {"employeeNo": "E-1"}
    await call("PATCH /api/admin/users/{user_id}", admin.headers, ids=(admin.id,), json=number)
    await call("GET /api/admin/settings", admin.headers)
    await call("PATCH /api/admin/settings", admin.headers, json={"phone": "(512) 555-0100"})


async def _law(call: Caller, headers: dict[str, str], *, order_id: str) -> None:
    assert (await call("GET /api/admin/rules", headers))["fictional"] is True
    rule = {"rule": "places", "operator": "Maya Okafor"}
    (told,) = (await call("POST /api/admin/rules/acknowledgements", headers, json=rule))["rules"]
    assert told["counts"] is True
    decided = await call("GET /api/admin/rules/decisions", headers, params={"orderId": order_id})
    assert [(one["stage"], one["outcome"]) for one in decided["decisions"]] == [
        ("handover", "allow"),
        ("order", "allow"),
    ]
    school = {
        "name": "A school",
        "kind": "school",
        "latitude": 30,
        "longitude": -97,
        "radiusMetres": 200,
    }
    place = (await call("POST /api/admin/barred-places", headers, json=school))["place"]
    assert len((await call("GET /api/admin/barred-places", headers))["places"]) == 1
    await call("DELETE /api/admin/barred-places/{place_id}", headers, ids=(place["id"],))


async def _reports(app: Application, call: Caller, headers: dict[str, str], *, order_id: UUID) -> None:
    root = "/api/admin/traceability"
    ids = (str(await make_report(app.ports.db, order_id)),)
    assert (await call(f"GET {root}/status", headers))["status"]
    assert (await call(f"GET {root}/reports", headers))["total"]
    assert (await call(f"GET {root}/reports/{{report_id}}", headers, ids=ids))["report"][
        "state"
    ] == "rejected"
    right = {"payload": {"goods": [{"tag": "1A4060300002EE1000000001"}]}}
    await call(f"PATCH {root}/reports/{{report_id}}", headers, ids=ids, json=right)
    requeued = await call(f"POST {root}/reports/{{report_id}}/requeue", headers, ids=ids)
    assert requeued["report"]["state"] == "waiting"
    by_hand = {"reason": "Entered by hand."}
    await call(f"POST {root}/reports/{{report_id}}/cancel", headers, ids=ids, json=by_hand)
    await call(f"GET {root}/differences", headers)


async def _lots(app: Application, call: Caller, admin: SignedInPerson, shopper: Shopper) -> None:
    """Receive a lot, pack an order of it, unpack, pack, and do to the lot all that can be done."""
    product_id = await make_product(app.ports.db, "Tagged", price_cents=4000, net_weight_mg=10, stock=0)
    tag = "1A4060300000022000000009"
    body = {"productId": str(product_id), "tag": tag, "quantity": 9, "labResult": "passed"}
    lot = (await call("POST /api/admin/lots", admin.headers, json=body))["lot"]
    line = {"productId": str(product_id), "quantity": 2}
    await call("POST /api/cart/add", shopper.headers, json=line)
    placed = await call("POST /api/orders", shopper.headers, json=shopper.order("cash"))
    order = (placed["order"]["id"],)
    await _pack(call, admin, order[0])
    lines = {"lines": [{"tag": tag, "quantity": 2}]}
    assert (await call("POST /api/admin/orders/{order_id}/pack", admin.headers, ids=order, json=lines))[
        "packed"
    ]
    assert (await call("GET /api/admin/orders/{order_id}/packages", admin.headers, ids=order))["packages"]
    await call("DELETE /api/admin/orders/{order_id}/pack/{tag}", admin.headers, ids=(*order, tag))
    ids, why = (lot["id"],), {"reason": "For the test."}
    assert (await call("GET /api/admin/lots", admin.headers))["total"] == 1
    for step, fields in (
        ("lab", {"labResult": "passed"}),
        ("hold", why),
        ("release", why),
        ("adjust", why | {"change": 1}),
        ("destroy", why | {"quantity": 1}),
        ("recall", why),
    ):
        await call(f"POST /api/admin/lots/{{lot_id}}/{step}", admin.headers, ids=ids, json=fields)
    assert (await call("GET /api/admin/lots/{lot_id}", admin.headers, ids=ids))["movements"]


async def _be_told(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    person = await signed_in(app)
    await call("POST /api/notifications/register-token", person.headers, json={"token": "device-1"})
    await call("DELETE /api/notifications/register-token", person.headers, json={"token": "device-1"})
    await call("GET /api/notifications/preferences", person.headers)
    chosen = {"promotions": True, "topics": [{"topic": "orders", "channel": "email", "enabled": False}]}
    await call("PUT /api/notifications/preferences", person.headers, json=chosen)
    await _promote(app, client, call, person)
    body = dump({"id": f"evt_{new_id()}", "kind": "payment.succeeded", "intentId": str(new_id())})
    signature = sign(webhook_secret(app.ports.settings), body, at=int(time.time()))
    await call("POST /webhooks/sandbox", {HEADER: signature}, content=body)


async def _promote(app: Application, client: httpx.AsyncClient, call: Caller, person: SignedInPerson) -> None:
    admin = await signed_in(app, role=Role.ADMIN)
    path = "/api/admin/promotions"
    written = {"title": "Edibles", "body": "Twenty percent off.", "segment": {"minSpent": None}}
    made = await call(f"POST {path}", admin.headers, json=written)
    ids = (made["promotion"]["id"],)
    with_segment = written | {"segment": {"orderedWithinDays": None, "zipCodes": []}}
    await call(f"PATCH {path}/{{promotion_id}}", admin.headers, ids=ids, json=with_segment)
    draft = ((await call(f"POST {path}", admin.headers, json=written))["promotion"]["id"],)
    await call(f"DELETE {path}/{{promotion_id}}", admin.headers, ids=draft)
    assert (await call(f"POST {path}/{{promotion_id}}/preview", admin.headers, ids=ids))["recipients"] == 1
    await call(f"POST {path}/{{promotion_id}}/start", admin.headers, ids=ids)
    await app.worker.drain()
    await call("GET /api/promotions/{promotion_id}", person.headers, ids=ids)
    counts = (await call(f"GET {path}/{{promotion_id}}", admin.headers, ids=ids))["counts"]
    assert (counts["recipients"], counts["opened"]) == (1, 1)
    await call(f"GET {path}", admin.headers, params={"state": "done"})
    (told,) = (await call("GET /api/notifications", person.headers))["notifications"]
    await call("POST /api/notifications/{notification_id}/read", person.headers, ids=(told["id"],))
    await call("POST /api/notifications/read-all", person.headers)
    await call(f"POST {path}/{{promotion_id}}/stop", admin.headers, ids=ids)
    assert (await call("GET /api/notifications", person.headers))["notifications"] == []
    token = unsubscribe_token(app.ports.purpose_keys, person.id)
    for method in ("GET", "POST"):
        await call(f"{method} /api/notifications/unsubscribe/{{token}}", ids=(token,))
    await make_told(app, admin.id)
    (failed,) = (await call("GET /api/admin/messages", admin.headers, params={"state": "failed"}))["messages"]
    assert failed["reason"] == "550 no such user"
    await call("POST /api/admin/messages/{message_id}/resend", admin.headers, ids=(failed["id"],))


async def _show_papers(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    agent = await signed_in(app, Role.AGENT)
    for decision, body in (
        ("approve", {"expiresOn": "2099-01-01"}),
        ("reject", {"reason": "It is blurred."}),
    ):
        person = await signed_in(app, id_verified=False)
        await call("GET /api/users/id-verification", person.headers)
        handed = await call(
            "POST /api/users/id-verification",
            person.headers,
            data={"documentType": "passport"},
            files={"idDocument": ("front.jpg", FRONT, "image/jpeg")},
        )
        ids = (handed["verification"]["id"],)
        await call("GET /api/admin/id-verifications", agent.headers)
        path = "/api/admin/id-verifications/{verification_id}"
        links = await call(f"POST {path}/document-link", agent.headers, ids=ids)
        token = links["links"][0]["url"].rpartition("/")[2]
        shown = await call("GET /api/id-documents/{token}", ids=(token,))
        assert shown.content.startswith(b"\xff\xd8\xff")
        await app.worker.drain()
        await call(f"POST {path}/{decision}", agent.headers, ids=ids, json=body)


async def _talk_with_support(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    customer = await signed_in(app)
    agents = [await signed_in(app, Role.AGENT) for _ in range(2)]
    order_id = str(await make_order(app, customer.id))
    told = {"subject": "A jar is missing", "message": "Only one of two came.", "orderId": order_id}
    ids = ((await call("POST /api/support/tickets", customer.headers, json=told))["ticket"]["id"],)
    files = {"file": ("jar.jpg", FRONT, "image/jpeg")}
    upload = (await call("POST /api/support/uploads", customer.headers, files=files))["upload"]
    shown = await call("GET /api/support/uploads/{upload_id}", customer.headers, ids=(upload["id"],))
    assert shown.content.startswith(b"\xff\xd8\xff")
    path, written = "/api/support/tickets/{ticket_id}", {"message": "See.", "attachments": [upload["id"]]}
    message = (await call(f"POST {path}/messages", customer.headers, ids=ids, json=written))["message"]
    assert len((await call(f"GET {path}/messages", customer.headers, ids=ids))["messages"]) == 2
    assert (await call("GET /api/support/tickets", customer.headers))["total"] == 1

    me, other = agents
    for agent in agents:
        listed = await call("GET /api/agent/colleagues", agent.headers)
    assert [one["id"] for one in listed["agents"]] == [str(agent.id) for agent in agents]
    assert (await call("GET /api/agent/tickets", me.headers))["tickets"][0]["unread"] == 2
    read = {"messageId": message["id"]}
    assert (await call(f"POST {path}/read", me.headers, ids=ids, json=read)) == {"read": 2}
    path = "/api/agent/tickets/{ticket_id}"
    await call(f"POST {path}/take", me.headers, ids=ids)
    await call(f"POST {path}/notes", me.headers, ids=ids, json={"note": "The driver says two."})
    await call(f"POST {path}/transfer", me.headers, ids=ids, json={"agentId": str(other.id)})
    await call(f"POST {path}/close", other.headers, ids=ids, json={})
    await call(f"POST {path}/reopen", me.headers, ids=ids, json={})
    await call(f"PATCH {path}", me.headers, ids=ids, json={"priority": "high"})
    await call("PUT /api/agent/presence", other.headers, json={"status": "away"})
    whole = await call(f"GET {path}", me.headers, ids=ids)
    assert (len(whole["notes"]), whole["order"]["id"], whole["ticket"]["agentId"]) == (
        1,
        order_id,
        str(me.id),
    )
    admin, path = await signed_in(app, Role.ADMIN), "/api/admin/tickets"
    found = await call(f"GET {path}", admin.headers, params={"search": "jar"})
    assert [one["priority"] for one in found["tickets"]] == ["high"]
    listed = await call("GET /api/admin/agents", admin.headers)
    assert [one["status"] for one in listed["agents"]] == ["present", "away"]
    path = f"{path}/{{ticket_id}}"
    await call(f"PATCH {path}", admin.headers, ids=ids, json={"priority": "low"})
    await call(f"POST {path}/assign", admin.headers, ids=ids, json={"agentId": str(me.id)})
    await call(f"POST {path}/notes", admin.headers, ids=ids, json={"note": "Pay it back."})
    assert len((await call(f"GET {path}", admin.headers, ids=ids))["notes"]) == 2


async def _jobs(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    admin = await signed_in(app, role=Role.ADMIN)
    db, path = app.ports.db, "/api/admin/jobs/failed"
    one, other, _ = [await make_failed_job(db, "test.letter", {"userId": str(admin.id)}) for _ in range(3)]
    assert (await call("GET /api/admin/jobs", admin.headers))["queues"]
    assert (await call(f"GET {path}", admin.headers))["total"] == 3
    told = await call(f"GET {path}/{{job_id}}", admin.headers, ids=(one,))
    assert told["job"]["cause"] == "LetterLostError"
    await call(f"POST {path}/{{job_id}}/replay", admin.headers, ids=(one,))
    given_up = {"reason": "Long over."}
    await call(f"POST {path}/{{job_id}}/discard", admin.headers, ids=(other,), json=given_up)
    assert (await call(f"POST {path}/replay", admin.headers, json={"job": "test.letter"})) == {"replayed": 1}
    await db.fetch("DELETE FROM pgqueuer WHERE entrypoint = 'test.letter'")
    waiting = await make_delivery(db)
    assert (await call("GET /api/admin/webhooks", admin.headers))["webhooks"][0]["id"] == str(waiting)
    await call("GET /api/admin/webhooks/{webhook_id}", admin.headers, ids=(waiting,))
    await call("POST /api/admin/webhooks/{webhook_id}/replay", admin.headers, ids=(waiting,))


async def _audit(app: Application, client: httpx.AsyncClient, call: Caller) -> None:
    admin = await signed_in(app, role=Role.ADMIN)
    listed = await call("GET /api/admin/audit-log", admin.headers, params={"limit": 100})
    exported = await call("GET /api/admin/audit-log/export", admin.headers)
    assert len(exported.content.splitlines()) == listed["total"] + 1
    verdict = await call("POST /api/admin/audit-log/verify", admin.headers)
    assert (verdict["ok"], verdict["complete"], verdict["findings"]) == (True, True, [])


def _bearer(tokens: dict[str, Any]) -> Headers:
    return {"Authorization": f"Bearer {tokens['accessToken']}"}
