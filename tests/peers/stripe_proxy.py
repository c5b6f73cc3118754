"""What Stripe does and localstripe does not, in front of it.

Idempotency keys, test cards, declines as Stripe tells them, bounds of refunds and refunds that wait, manual
confirmation, pages of lists, disputes. And what a network does: calls and answers that are lost, cut off or late.

localstripe holds the state and judges the calls it knows; nothing is answered here that it can answer rightly. Its
false successes (charges of declining and of foreign cards, refunds above the rest) are refused before they reach it.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from aiohttp import web

Fault = Literal["before", "after", "during", "late", "500", "429", "409", "401", "403"]
JSON = dict[str, Any]

_NUMBERS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
}
_DECLINES = {
    "": "generic_decline",
    "InsufficientFunds": "insufficient_funds",
    "LostCard": "lost_card",
    "StolenCard": "stolen_card",
    "ExpiredCard": "expired_card",
    "IncorrectCvc": "incorrect_cvc",
    "ProcessingError": "processing_error",
}
_DECLINED_NUMBERS = {
    "4000000000000341": "generic_decline",
    **{
        f"pm_card{visa}_chargeDeclined{suffix}": code
        for visa in ("", "_visa")
        for suffix, code in _DECLINES.items()
    },
}
_WITH_A_CODE_OF_ITS_OWN = {"expired_card", "incorrect_cvc", "processing_error"}
_CONFIRMED_BY_US = {"requires_confirmation", "requires_payment_method"}


@dataclass(frozen=True)
class Sent:
    """One request as it came over the wire."""

    method: str
    path: str
    params: Mapping[str, str]
    key: str | None


class Refusal(Exception):
    """What Stripe answers instead of doing it."""

    def __init__(self, status: int, **error: Any) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": {"type": "invalid_request_error", "message": "Refused.", **error}}


@dataclass(frozen=True)
class Answered:
    """What was answered to a key, and to what."""

    asked: Mapping[str, str]
    status: int
    body: JSON


@dataclass
class Intent:
    """What localstripe does not know of a payment."""

    is_manual: bool
    declined: JSON | None = None
    is_authenticated: bool = False
    refunded: int = 0


@dataclass
class StripeProxy:
    """The proxy; `sent` is what came, `fail` what it does to the next calls.

    New refunds have the status `refunds_are`. A call that is `late` is worked, and answered, once `caught_up` is set.
    """

    upstream: str
    sent: list[Sent] = field(default_factory=list)
    disputes: dict[str, JSON] = field(default_factory=dict)
    refunds_are: str = "succeeded"
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    _faults: list[tuple[str, Fault]] = field(default_factory=list)
    _answers: dict[str, Answered] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)
    _intents: dict[str, Intent] = field(default_factory=dict)
    _declining: dict[str, str] = field(default_factory=dict)
    _detached: set[str] = field(default_factory=set)
    _wallets: dict[str, str] = field(default_factory=dict)
    _refunds: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(base_url=self.upstream, headers={"Authorization": "Bearer sk_test_1"})

    async def close(self) -> None:
        await self._http.aclose()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        return app

    def fail(self, path: str, *faults: Fault) -> None:
        """Let the next POSTs to a path (a pattern) meet these faults, one each."""
        self._faults += [(path, fault) for fault in faults]

    def keys(self, path: str) -> list[str | None]:
        """Return the idempotency keys of the POSTs to a path (a pattern)."""
        return [one.key for one in self.sent if one.method == "POST" and re.fullmatch(path, one.path)]

    def lend_wallet(self, method_id: str, wallet: str) -> None:
        """Let a card be one of a wallet."""
        self._wallets[method_id] = wallet

    def forget_keys(self) -> None:
        """Forget what was answered, as Stripe does after a day."""
        self._answers.clear()

    def settle_refunds(self) -> None:
        """Let the refunds that wait go through."""
        self._refunds = dict.fromkeys(self._refunds, "succeeded")

    async def count(self, kind: str) -> int:
        """Return how many things of a kind (payment_intents, refunds, customers) there are."""
        return len((await self._call("GET", f"/v1/{kind}", {"limit": "100"}))["data"])

    async def authenticate(self, intent_id: str, *, passed: bool) -> None:
        """Pass or fail what the bank asks the customer."""
        intent = self._intents[intent_id]
        if intent.is_manual and passed:
            intent.is_authenticated = True
            return
        await self._finish_authentication(intent_id, passed=passed)

    async def _finish_authentication(self, intent_id: str, *, passed: bool) -> None:
        told = await self._call("GET", f"/v1/payment_intents/{intent_id}", {})
        params = {
            "key": "pk_test_1",
            "client_secret": told["client_secret"],
            "success": str(passed).lower(),
        }
        try:
            await self._call("POST", f"/v1/payment_intents/{intent_id}/_authenticate", params)
        except Refusal as refusal:
            if refusal.status != 402:
                raise

    async def refund_at_dashboard(self, intent_id: str, amount: int) -> str:
        """Give money back as somebody would at Stripe's own site."""
        made = await self._refund({"payment_intent": intent_id, "amount": str(amount)})
        return str(made["id"])

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        params = {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}
        key = request.headers.get("Idempotency-Key")
        self.sent.append(Sent(request.method, request.path, params, key))
        fault = self._next_fault(request.path) if request.method == "POST" else None
        if fault == "before":
            return self._hang_up(request)
        if fault is not None and fault.isdigit():
            return web.json_response({"error": {"type": "api_error", "message": "No."}}, status=int(fault))
        answer = await self._answer(request.method, request.path, params, key, is_late=fault == "late")
        if fault == "after":
            return self._hang_up(request)
        if fault == "during":
            return await self._cut_off(request, answer)
        return answer

    def _next_fault(self, path: str) -> Fault | None:
        for place, (pattern, fault) in enumerate(self._faults):
            if re.fullmatch(pattern, path):
                del self._faults[place]
                return fault
        return None

    def _hang_up(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _cut_off(self, request: web.Request, answer: web.Response) -> web.StreamResponse:
        assert isinstance(answer.body, bytes)
        started = web.StreamResponse(headers={"Content-Length": str(len(answer.body))})
        await started.prepare(request)
        await started.write(answer.body[: len(answer.body) // 2])
        self._hang_up(request)
        return started

    async def _answer(
        self, method: str, path: str, params: Mapping[str, str], key: str | None, *, is_late: bool
    ) -> web.Response:
        """Answer as Stripe does with keys: the first answer again, unless the parameters differ or it still runs."""
        if method != "POST" or key is None:
            status, body = await self._do(method, path, params)
            return web.json_response(body, status=status)
        if key in self._running:
            error = {"type": "invalid_request_error", "code": "idempotency_key_in_use"}
            return web.json_response({"error": error}, status=409)
        asked = {**params, "path": path}
        if key in self._answers:
            return self._again(self._answers[key], asked)
        self._running.add(key)
        try:
            if is_late:
                await self.caught_up.wait()
            status, body = await self._do(method, path, params)
        finally:
            self._running.discard(key)
        self._answers[key] = Answered(asked, status, body)
        return web.json_response(body, status=status)

    def _again(self, first: Answered, asked: Mapping[str, str]) -> web.Response:
        if first.asked != asked:
            error = {"type": "idempotency_error", "message": "Other parameters."}
            return web.json_response({"error": error}, status=400)
        return web.json_response(first.body, status=first.status, headers={"Idempotent-Replayed": "true"})

    async def _do(self, method: str, path: str, params: Mapping[str, str]) -> tuple[int, JSON]:
        kept = {name: value for name, value in params.items() if not name.startswith("expand")}
        try:
            return 200, await self._work(method, path, kept)
        except Refusal as refusal:
            return refusal.status, refusal.body

    async def _work(self, method: str, path: str, params: dict[str, str]) -> JSON:  # noqa: C901, PLR0911, PLR0912 - a table of routes
        match path.split("/")[2:]:
            case ["payment_methods", method_id, "attach"]:
                return await self._attach(method_id, params)
            case ["payment_methods", method_id, "detach"]:
                self._detached.add(method_id)
                return self._method(await self._call(method, path, params))
            case ["payment_methods"] if method == "GET":
                listed = await self._call(method, path, params)
                return {**listed, "data": [self._method(one) for one in listed["data"]]}
            case ["payment_methods", _]:
                return self._method(await self._call(method, path, params))
            case ["payment_intents"] if method == "POST":
                return await self._create(params)
            case ["payment_intents"]:
                return await self._list(params)
            case ["payment_intents", intent_id]:
                return await self._intent(intent_id)
            case ["payment_intents", intent_id, "confirm"]:
                return await self._confirm(intent_id, params)
            case ["payment_intents", intent_id, "cancel" | "capture" as verb]:
                return await self._end(intent_id, verb)
            case ["refunds"] if method == "POST":
                return await self._refund(params)
            case ["refunds"]:
                return await self._list_refunds(params)
            case ["disputes", dispute_id]:
                if dispute_id not in self.disputes:
                    raise Refusal(404, code="resource_missing")
                return self.disputes[dispute_id]
            case _:
                return await self._call(method, path, params)

    async def _attach(self, method_id: str, params: dict[str, str]) -> JSON:
        if method_id in _DECLINED_NUMBERS:
            raise _declined(_DECLINED_NUMBERS[method_id], None)
        made = await self._of_test_card(method_id)
        held = await self._call("GET", f"/v1/payment_methods/{made}", {})
        if held["customer"] is not None:
            raise Refusal(400, message="The payment method you provided has already been attached.")
        return self._method(await self._call("POST", f"/v1/payment_methods/{made}/attach", params))

    async def _of_test_card(self, token: str) -> str:
        """Return a new method of the test card, or the method itself."""
        number = _NUMBERS.get(token)
        if number is None:
            return token
        card = {"number": number, "exp_month": "12", "exp_year": "2031", "cvc": "123"}
        params = {"type": "card", **{f"card[{name}]": value for name, value in card.items()}}
        made = await self._call("POST", "/v1/payment_methods", params)
        if number in _DECLINED_NUMBERS:
            self._declining[made["id"]] = _DECLINED_NUMBERS[number]
        return str(made["id"])

    def _method(self, told: JSON) -> JSON:
        if "card" not in told:
            return told
        last_four = told["card"]["last4"]
        brand = "mastercard" if last_four == "4444" else "visa"
        wallet = self._wallets.get(told["id"])
        card = told["card"] | {"brand": brand, "wallet": {"type": wallet} if wallet else None}
        return told | {"card": card}

    async def _create(self, params: dict[str, str]) -> JSON:
        is_manual = params.pop("confirmation_method") == "manual"
        confirms = params.pop("confirm", "false") == "true"
        token = params["payment_method"]
        await self._check_customer(params["customer"])
        decline = _DECLINED_NUMBERS.get(token)
        if decline is None:
            params["payment_method"] = await self._usable(token, params["customer"])
            decline = self._declining.get(params["payment_method"])
        else:
            params["payment_method"] = await self._of_test_card("pm_card_visa")
        if int(params["amount"]) < 50:
            raise Refusal(400, code="amount_too_small", param="amount")
        made = await self._call("POST", "/v1/payment_intents", params)
        self._intents[made["id"]] = Intent(is_manual)
        if decline is not None and token in _DECLINED_NUMBERS:
            self._declining[params["payment_method"]] = decline
        if confirms:
            return await self._confirm(made["id"], {})
        return await self._intent(made["id"])

    async def _usable(self, token: str, customer: str | None) -> str:
        """Return a method that this customer may pay with: their own, or one of nobody."""
        made = await self._of_test_card(token)
        try:
            held = await self._call("GET", f"/v1/payment_methods/{made}", {})
        except Refusal:
            raise Refusal(400, code="resource_missing", param="payment_method") from None
        if made in self._detached:
            raise Refusal(
                400,
                message="The provided PaymentMethod was previously used, or was detached from a Customer.",
            )
        if held["customer"] not in {None, customer}:
            raise Refusal(400, param="payment_method", message="It does not belong to the Customer.")
        return made

    async def _check_customer(self, customer: str) -> None:
        try:
            await self._call("GET", f"/v1/customers/{customer}", {})
        except Refusal:
            raise Refusal(400, code="resource_missing", param="customer") from None

    async def _confirm(self, intent_id: str, params: dict[str, str]) -> JSON:
        intent = self._intents[intent_id]
        told = await self._intent(intent_id)
        if told["status"] not in _CONFIRMED_BY_US:
            raise Refusal(400, code="payment_intent_unexpected_state")
        if intent.is_authenticated:
            intent.is_authenticated = False
            await self._finish_authentication(intent_id, passed=True)
            return await self._intent(intent_id)
        token = str(params.get("payment_method", told["payment_method"]))
        decline = _DECLINED_NUMBERS.get(token) or self._declining.get(token)
        if decline is not None:
            intent.declined = _problem(decline)
            raise _declined(decline, await self._intent(intent_id))
        intent.declined = None
        used = await self._usable(token, told["customer"])
        if used != told["payment_method"]:
            await self._call("POST", f"/v1/payment_intents/{intent_id}", {"payment_method": used})
        await self._call("POST", f"/v1/payment_intents/{intent_id}/confirm", {})
        return await self._intent(intent_id)

    async def _intent(self, intent_id: str) -> JSON:
        told = await self._call("GET", f"/v1/payment_intents/{intent_id}", {})
        return self._dressed(told)

    def _dressed(self, told: JSON) -> JSON:
        """Return a payment as Stripe tells it: what localstripe leaves out is put in."""
        intent = self._intents.get(told["id"]) or Intent(is_manual=False)
        charge = told.get("latest_charge")
        if told["status"] == "succeeded" and isinstance(charge, dict):
            fee = (told["amount"] * 29 + 500) // 1000 + 30
            charge = charge | {"balance_transaction": {"id": "txn_1", "fee": fee}}
        dressed = told | {"latest_charge": charge}
        if intent.is_authenticated:
            dressed |= {"status": "requires_confirmation", "next_action": None}
        if intent.declined is not None and told["status"] == "requires_confirmation":
            dressed |= {
                "status": "requires_payment_method",
                "last_payment_error": intent.declined,
                "latest_charge": f"ch_of_{told['id']}",
            }
        return dressed

    async def _list(self, params: dict[str, str]) -> JSON:
        listed = await self._call("GET", "/v1/payment_intents", {"limit": "100"})
        since = int(params.get("created[gte]", 0))
        ours = [
            self._dressed(one)
            for one in listed["data"]
            if one["customer"] == params.get("customer") and one["created"] >= since
        ]
        return _page("payment_intents", ours, params)

    async def _list_refunds(self, params: dict[str, str]) -> JSON:
        of_charge = params["payment_intent"]
        if (await self._call("GET", f"/v1/payment_intents/{of_charge}", {}))["latest_charge"] is None:
            return _page("refunds", [], params)
        listed = await self._call("GET", "/v1/refunds", {"payment_intent": of_charge, "limit": "100"})
        dressed = [one | {"status": self._refunds[one["id"]]} for one in listed["data"]]
        return _page("refunds", dressed, params)

    async def _end(self, intent_id: str, verb: str) -> JSON:
        now = await self._call("GET", f"/v1/payment_intents/{intent_id}", {})
        if verb == "capture" and now["status"] != "requires_capture":
            raise Refusal(400, code="payment_intent_unexpected_state")
        try:
            await self._call("POST", f"/v1/payment_intents/{intent_id}/{verb}", {})
        except Refusal as refusal:
            if refusal.status != 400:
                raise
            raise Refusal(400, code="payment_intent_unexpected_state") from None
        return await self._intent(intent_id)

    async def _refund(self, params: dict[str, str]) -> JSON:
        told = await self._call("GET", f"/v1/payment_intents/{params['payment_intent']}", {})
        intent = self._intents[told["id"]]
        if told["status"] != "succeeded":
            raise Refusal(400, message="This PaymentIntent does not have a successful charge to refund.")
        if intent.refunded == told["amount"]:
            raise Refusal(400, code="charge_already_refunded")
        if intent.refunded + int(params["amount"]) > told["amount"]:
            raise Refusal(400, message="Refund amount is greater than unrefunded amount on charge.")
        made = await self._call("POST", "/v1/refunds", params)
        intent.refunded += int(params["amount"])
        self._refunds[made["id"]] = self.refunds_are
        return made | {"status": self.refunds_are}

    async def _call(self, method: str, path: str, params: Mapping[str, str]) -> JSON:
        where = {"params": params} if method == "GET" else {"data": params}
        answer = await self._http.request(method, path, **where)  # type: ignore[arg-type]  # one of the two
        body: JSON = json.loads(answer.content) if answer.content else {}
        if answer.is_success:
            return body
        told = body.get("error", {})
        code = told.get("code") or ("resource_missing" if answer.status_code == 404 else None)
        raise Refusal(answer.status_code, **(told | {"code": code}))


def _page(kind: str, everything: list[JSON], params: Mapping[str, str]) -> JSON:
    """Return a page of a list as Stripe does: so many after the one that was the last of the page before."""
    after = params.get("starting_after")
    first = 1 + [one["id"] for one in everything].index(after) if after else 0
    end = first + int(params["limit"])
    return {
        "object": "list",
        "url": f"/v1/{kind}",
        "data": everything[first:end],
        "has_more": end < len(everything),
    }


def _problem(code: str) -> JSON:
    own = code in _WITH_A_CODE_OF_ITS_OWN
    return {"type": "card_error", "code": code if own else "card_declined", "decline_code": code}


def _declined(code: str, intent: JSON | None) -> Refusal:
    return Refusal(402, **_problem(code), **({} if intent is None else {"payment_intent": intent}))
