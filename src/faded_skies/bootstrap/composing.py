"""What is composed of several ports."""

from functools import partial
from uuid import UUID

from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.ports import RouteSolver
from faded_skies.domains.delivery.service import DispatchDesk, Rounds, Terms
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.errors import OrderNotFound
from faded_skies.domains.payments.ports import CapturePolicy, CardTerms, Gateways
from faded_skies.domains.places.ports import Gazetteer
from faded_skies.domains.promotions.service import Sending
from faded_skies.domains.support import service as support
from faded_skies.domains.support.ports import Desk
from faded_skies.domains.verification.ports import IdVerifier
from faded_skies.domains.verification.service import (
    DocumentNumbers,
    Judge,
    Vault,
)
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.documents.ports import DocumentStore
from faded_skies.platform.ports import Ports
from faded_skies.platform.presence import Presence
from faded_skies.platform.ratelimit import Gate


def compose(ports: Ports) -> None:
    """Provide what is composed of several ports."""
    ports.provide(Vault, Vault(ports.get(DocumentStore), ports.keyring))
    ports.provide(DocumentNumbers, DocumentNumbers(ports.purpose_keys))
    ports.provide(
        Judge,
        Judge(
            db=ports.db,
            verifier=ports.get(IdVerifier),
            vault=ports.get(Vault),
            numbers=ports.get(DocumentNumbers),
            adulthood=ports.get(Adulthood),
        ),
    )
    ports.provide(Presence, Presence(ports.valkey, ports.db))
    ports.provide(Desk, _desk(ports))
    settings = ports.settings
    terms = Terms(settings.driver_answers_within, settings.no_show_after, settings.vehicle_max_orders)
    ports.provide(Terms, terms)
    speed = delivery.CitySpeed(ports.db).get
    dispatch = DispatchDesk(ports.db, ports.valkey, ports.get(Law), ports.get(RouteSolver), terms, speed)
    ports.provide(DispatchDesk, dispatch)
    ports.provide(Rounds, Rounds(partial(delivery.run_round, dispatch)))
    ports.provide(
        Sending,
        Sending(
            adulthood=ports.get(Adulthood),
            needs_postal_address=ports.settings.environment == "production",
            most_a_minute=ports.settings.promotions_a_minute,
        ),
    )
    ports.provide(
        Checkout,
        Checkout(
            db=ports.db,
            valkey=ports.valkey,
            law=ports.get(Law),
            gateways=ports.get(Gateways),
            card_terms=ports.get(CardTerms),
            capture=ports.get(CapturePolicy),
            gazetteer=ports.get(Gazetteer),
            gate=Gate(
                ports.valkey,
                "orders",
                limit=ports.settings.rate_limit_order_max,
                window=60,
                refusal="That is more orders than one person can place in a minute. Wait a moment.",
            ),
        ),
    )


def _desk(ports: Ports) -> Desk:
    async def check_own_order(tx: Tx, actor: Actor, order_id: UUID) -> None:
        order = await orders.get_order_for(tx, actor, order_id)
        if order.user_id != actor.id:  # staff and drivers see those of others too
            raise OrderNotFound

    settings = ports.settings
    return Desk(
        db=ports.db,
        presence=ports.get(Presence),
        pictures=support.files_of(ports.get(DocumentStore), ports.keyring),
        capacity=settings.support_chats_per_agent,
        reopens_for=settings.support_reopens_for,
        messages=Gate(
            ports.valkey,
            "support-messages",
            limit=settings.rate_limit_chat_max,
            window=60,
            refusal="That is more messages than one can write in a minute. Wait a moment.",
        ),
        check_own_order=check_own_order,
    )
