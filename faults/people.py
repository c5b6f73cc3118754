"""The shop, its customers with every way to pay, a driver on shift, and an admin."""

from datetime import date
from uuid import UUID

from benchmarks.shop import BenchShop, Customer, fill

from faded_skies.bootstrap import Application
from faded_skies.demo import people
from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.models import Account, Grant
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.ports import Gateways
from faded_skies.domains.payments.service import Tender
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.actor import Role
from faded_skies.platform.ids import new_id
from faults.patient import Person

COINS = 5_000
_CARDS = {"declined": "pm_card_chargeCustomerFail", "asks": "pm_card_authenticationRequired"}
_BORN = date(1990, 4, 30)


async def settle_in(application: Application, *, customers: int) -> tuple[BenchShop, list[Person]]:
    """Open the shop and return it with people who can order."""
    shop = await fill(application, products=200, customers=customers)
    return shop, [
        await _equip(application, customer, number) for number, customer in enumerate(shop.customers)
    ]


async def _equip(application: Application, customer: Customer, number: int) -> Person:
    db = application.ports.db
    gateways: Gateways = application.ports.get(Gateways)
    gateway = gateways.for_tender(Tender.CARD)
    name = await payments.get_customer(db, gateway, customer.id)
    methods = {tender.value: str(method) for tender, method in customer.methods.items()}
    attached = {kind: await gateway.attach(name, card) for kind, card in _CARDS.items()}
    async with db.transaction() as tx:
        for kind, details in attached.items():
            card = await payments.add_card(
                tx, user_id=customer.id, tender=Tender.CARD, provider=gateway.name, details=details
            )
            methods[kind] = str(card.id)
        coins = await payments.add_shop_method(tx, user_id=customer.id, tender=Tender.FS_COIN)
        methods[Tender.FS_COIN.value] = str(coins.id)
        await rewards.grant(tx, user_id=customer.id, coins=COINS, description="For the proof")
    born = people.CUSTOMERS[number % len(people.CUSTOMERS)].date_of_birth
    return Person(_headers(customer.token), born, str(customer.address_id), methods)


async def hire(application: Application, role: Role) -> tuple[UUID, Person]:
    """Make somebody of the staff, signed in."""
    user_id = new_id()
    async with application.ports.db.transaction() as tx:
        await identity.create_person(
            tx,
            user_id=user_id,
            email=f"{role.value}@faults.example",
            password_hash="",
            full_name="Sam Rivera",
            phone=people.CUSTOMERS[0].phone,
            date_of_birth=_BORN,
            role=role,
            id_verified=False,
            email_verified=True,
        )
        grant = await identity.sign_in(
            tx,
            Account(user_id, ""),
            password_right=True,
            better_hash=None,
            session_lifetime=application.ports.settings.refresh_expires_in,
        )
    assert isinstance(grant, Grant)
    token = application.ports.tokens.issue(user_id=user_id, session_id=grant.session_id)
    return user_id, Person(_headers(token), _BORN)


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
