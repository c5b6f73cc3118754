"""The table of contents: every router, socket event, subscriber and periodic job of the product."""

from collections.abc import Mapping, Sequence
from functools import cache

from fastapi import APIRouter
from starlette.routing import BaseRoute

from faded_skies.backoffice import amendment_endpoints as amendments
from faded_skies.backoffice import area_endpoints as service_areas
from faded_skies.backoffice import audit_endpoints as audit
from faded_skies.backoffice import catalog_endpoints as shelves
from faded_skies.backoffice import dispatch_endpoints as dispatch
from faded_skies.backoffice import drawer_endpoints as drawers
from faded_skies.backoffice import endpoints as backoffice
from faded_skies.backoffice import fleet_endpoints as fleet
from faded_skies.backoffice import job_endpoints as dead_letters
from faded_skies.backoffice import law_endpoints as law
from faded_skies.backoffice import lot_endpoints as lots
from faded_skies.backoffice import money_endpoints as money
from faded_skies.backoffice import people_endpoints as people
from faded_skies.backoffice import picture_endpoints as pictures
from faded_skies.backoffice import report_endpoints as reports
from faded_skies.backoffice import sales_endpoints as sales_reports
from faded_skies.backoffice import settings_endpoints as shop_settings
from faded_skies.backoffice import sheet_endpoints as sheets
from faded_skies.backoffice import shift_endpoints as shifts
from faded_skies.backoffice import stock_endpoints as stock
from faded_skies.backoffice import ticket_admin_endpoints as all_tickets
from faded_skies.backoffice import ticket_endpoints as tickets
from faded_skies.backoffice import trip_endpoints as trips
from faded_skies.domains.analytics import endpoints as analytics
from faded_skies.domains.analytics import jobs as analytics_jobs
from faded_skies.domains.analytics import service as analytics_service
from faded_skies.domains.analytics import subscribers as analytics_subscribers
from faded_skies.domains.catalog import endpoints as catalog
from faded_skies.domains.catalog import jobs as catalog_jobs
from faded_skies.domains.catalog import subscribers as catalog_subscribers
from faded_skies.domains.checkout import endpoints as checkout
from faded_skies.domains.checkout import jobs as checkout_jobs
from faded_skies.domains.compliance import endpoints as compliance
from faded_skies.domains.delivery import endpoints as delivery
from faded_skies.domains.delivery import jobs as delivery_jobs
from faded_skies.domains.delivery import service as delivery_service
from faded_skies.domains.delivery import sockets as delivery_sockets
from faded_skies.domains.delivery import subscribers as delivery_subscribers
from faded_skies.domains.delivery.service import positions
from faded_skies.domains.identity import endpoints as identity
from faded_skies.domains.identity import jobs as identity_jobs
from faded_skies.domains.identity import service as identity_service
from faded_skies.domains.identity.service import IdentityAuthenticator
from faded_skies.domains.inventory import jobs as inventory_jobs
from faded_skies.domains.notifications import endpoints as notifications
from faded_skies.domains.notifications import jobs as notifications_jobs
from faded_skies.domains.notifications import subscribers as notifications_subscribers
from faded_skies.domains.orders import endpoints as orders
from faded_skies.domains.orders import jobs as orders_jobs
from faded_skies.domains.orders import service as orders_service
from faded_skies.domains.orders import sockets as orders_sockets
from faded_skies.domains.orders import subscribers as orders_subscribers
from faded_skies.domains.payments import endpoints as payments
from faded_skies.domains.payments import jobs as payments_jobs
from faded_skies.domains.payments import subscribers as payments_subscribers
from faded_skies.domains.places import endpoints as places
from faded_skies.domains.promotions import endpoints as promotions
from faded_skies.domains.promotions import jobs as promotions_jobs
from faded_skies.domains.promotions import subscribers as promotions_subscribers
from faded_skies.domains.rewards import endpoints as rewards
from faded_skies.domains.rewards import jobs as rewards_jobs
from faded_skies.domains.support import endpoints as support
from faded_skies.domains.support import jobs as support_jobs
from faded_skies.domains.support import sockets as support_sockets
from faded_skies.domains.support import subscribers as support_subscribers
from faded_skies.domains.traceability import endpoints as traceability
from faded_skies.domains.traceability import jobs as traceability_jobs
from faded_skies.domains.traceability import subscribers as traceability_subscribers
from faded_skies.domains.verification import endpoints as verification
from faded_skies.domains.verification import jobs as verification_jobs
from faded_skies.domains.verification import subscribers as verification_subscribers
from faded_skies.platform import housekeeping, jobs
from faded_skies.platform.actor import Authenticator
from faded_skies.platform.audit_log import sealing
from faded_skies.platform.backup.files import KeptFiles
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.documents.ports import MOST_DOCUMENT_BYTES
from faded_skies.platform.event_outbox import Relay
from faded_skies.platform.events import Subscription
from faded_skies.platform.http import health, metrics
from faded_skies.platform.http.app import MOST_BODY_BYTES, doors_of, included
from faded_skies.platform.jobs import Consumer, Periodic
from faded_skies.platform.ports import Ports
from faded_skies.platform.realtime import ClientEvent, ServerEvent
from faded_skies.platform.settings import Settings
from faded_skies.platform.tokens import AccessTokens
from faded_skies.platform.wrapped import Wrapped
from faded_skies.privacy import endpoints as privacy
from faded_skies.privacy import jobs as privacy_jobs
from faded_skies.privacy import subscribers as privacy_subscribers
from faded_skies.reports import jobs as reports_jobs

HOT_PATHS = catalog.HOT_PATHS
"""Paths whose answers are the same for everybody and kept as bytes for a moment."""

WRAPPED = (
    Wrapped("keys for digests", "keys", "purpose", "text", "wrapped", "purpose"),
    Wrapped("keys of ID pictures", "id_documents", "id", "uuid", "wrapped_key", "id_document"),
    # Not those of second_factor_enrolments: they are over after a quarter of an hour.
    Wrapped("two-factor secrets", "second_factors", "user_id", "uuid", "secret", "second_factor"),
    Wrapped(
        "drivers' licence numbers",
        "driver_profiles",
        "driver_id",
        "uuid",
        "license_wrapped",
        "driver_license",
    ),
    Wrapped(
        "keys of pictures in conversations", "support_uploads", "id", "uuid", "wrapped_key", "support_upload"
    ),
    Wrapped("licence numbers of manifests", "manifests", "id", "uuid", "license_wrapped", "manifest"),
)
"""Everything in the database that is wrapped under a master key, for `faded-skies vault`."""

# With a bucket their files lie there. Else they lie in the folder, whatever address MEDIA_URL gave them at the time:
# the names of files are made of the same id and width.
_PICTURES_BY_ADDRESS = KeptFiles(
    "product pictures by another address",
    "media",
    """
    SELECT DISTINCT 'pictures/' || i.id || '-' || (size ->> 'width') || '.webp' AS key
    FROM product_images i, jsonb_array_elements(i.sizes) size WHERE size ->> 'url' NOT LIKE '/media/%'
    """,
)

FILES = (
    KeptFiles("ID pictures", "vault", "SELECT id::text AS key FROM id_documents WHERE deleted_at IS NULL"),
    KeptFiles(
        "pictures in conversations",
        "vault",
        "SELECT 'support/' || id AS key FROM support_uploads WHERE deleted_at IS NULL",
    ),
    KeptFiles(
        "product pictures and lab results",
        "media",
        """
        SELECT substr(url, 8) AS key FROM (
            SELECT image_url AS url FROM product_images
            UNION SELECT size ->> 'url' FROM product_images i, jsonb_array_elements(to_jsonb(i) -> 'sizes') size
            UNION SELECT lab_results_url FROM products
            UNION SELECT lab_url FROM lots
        ) named WHERE url LIKE '/media/%'
        """,
    ),
    _PICTURES_BY_ADDRESS,
)
"""Every kind of file that rows name, for `faded-skies backup`."""


def files_kept(*, media_bucket: bool) -> Sequence[KeptFiles]:
    """Return what a backup takes of `FILES`: all, but what lies in a bucket of pictures."""
    return [kind for kind in FILES if not (media_bucket and kind is _PICTURES_BY_ADDRESS)]


BODY_LIMITS = {
    "/api/users/id-verification": 2 * MOST_DOCUMENT_BYTES + MOST_BODY_BYTES,
    "/api/support/uploads": MOST_DOCUMENT_BYTES + MOST_BODY_BYTES,
    "/api/admin/products/{}/images": MOST_DOCUMENT_BYTES + MOST_BODY_BYTES,
    "/api/admin/products/import": sheets.MOST_SHEET_BYTES + MOST_BODY_BYTES,
}
"""Paths that take larger bodies than the rest, in bytes: both sides of a document, a picture, a file of products."""


def own_limits(settings: Settings) -> Mapping[str, int]:
    """Return the paths whose calls have a limit of their own, and how many may come in a minute.

    Every call has an event at least, so none that the events' own limit would take is refused by this one.
    """
    return {
        "/api/analytics/events": max(
            settings.rate_limit_analytics_max, settings.rate_limit_analytics_visitors_max
        ),
        "/api/driver/location": positions.MOST_CALLS,
    }


def authenticator(db: Database, tokens: AccessTokens, *, second_factors_required: bool) -> Authenticator:
    return IdentityAuthenticator(db, tokens, second_factors_required=second_factors_required)


@cache
def routes() -> Sequence[BaseRoute]:
    """Return the routes of all routers, shared by the applications of a process.

    Working out what each endpoint takes costs FastAPI half a second: nearly all of an application's start.
    """
    return included(routers())


@cache
def doors() -> frozenset[str]:
    """Return "METHOD /path" for each operation of `routes`."""
    return frozenset(doors_of(routes()))


SKIPPED_NUMBERS = 1_000
"""As many orders and manifests may have been numbered between a backup and its restore."""


async def after_restore(tx: Tx) -> None:
    """Do what is necessary because the database has gone back to an earlier moment."""
    await identity_service.end_everything(tx)
    await orders_service.skip_numbers(tx, SKIPPED_NUMBERS)
    await delivery_service.skip_manifest_numbers(tx, SKIPPED_NUMBERS)
    await analytics_service.lose_waiting(tx)
    await jobs.requeue_begun(tx)


def routers() -> Sequence[APIRouter]:
    """Return the routers, the hot ones first: the framework tries them in order."""
    return [
        payments.webhooks,
        catalog.router,
        *identity.ROUTERS,
        checkout.router,
        checkout.public,
        orders.router,
        *delivery.ROUTERS,
        *notifications.ROUTERS,
        payments.router,
        rewards.router,
        compliance.router,
        *verification.ROUTERS,
        *support.ROUTERS,
        backoffice.router,
        people.router,
        dead_letters.router,
        dead_letters.webhooks,
        sheets.router,
        shelves.router,
        shelves.categories,
        pictures.router,
        stock.router,
        stock.low,
        service_areas.router,
        amendments.router,
        money.router,
        reports.router,
        sales_reports.router,
        drawers.router,
        shifts.router,
        fleet.router,
        trips.router,
        dispatch.router,
        tickets.router,
        all_tickets.router,
        trips.completions,
        shop_settings.router,
        law.router,
        lots.router,
        lots.packing,
        traceability.router,
        audit.router,
        privacy.router,
        health.router,
        metrics.router,
        places.router,
        places.maps,
        promotions.router,
        promotions.shown,
        analytics.public,
        analytics.router,
    ]


@cache
def watched() -> Sequence[BaseRoute]:
    """Return the routes of a process that serves nobody, shared like `routes`."""
    return included([health.router, metrics.router])


def client_events(ports: Ports) -> Sequence[ClientEvent]:
    return [*delivery_sockets.client_events(ports), *support_sockets.client_events(ports)]


def server_events() -> Sequence[ServerEvent]:
    return [
        *orders_sockets.SERVER_EVENTS,
        *delivery_sockets.SERVER_EVENTS,
        *support_sockets.SERVER_EVENTS,
    ]


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    return [
        *notifications_subscribers.subscriptions(ports),
        *catalog_subscribers.subscriptions(ports),
        *payments_subscribers.subscriptions(ports),
        *orders_subscribers.subscriptions(ports),
        *delivery_subscribers.subscriptions(ports),
        *verification_subscribers.subscriptions(ports),
        *support_subscribers.subscriptions(ports),
        *traceability_subscribers.subscriptions(ports),
        *privacy_subscribers.subscriptions(ports),
        *promotions_subscribers.subscriptions(ports),
        *analytics_subscribers.subscriptions(ports),
    ]


def periodic(ports: Ports) -> Sequence[Periodic]:
    return [
        *identity_jobs.periodic(ports),
        *catalog_jobs.periodic(ports),
        *delivery_jobs.periodic(ports),
        *payments_jobs.periodic(ports),
        *orders_jobs.periodic(ports),
        *rewards_jobs.periodic(ports),
        *checkout_jobs.periodic(ports),
        *inventory_jobs.periodic(ports),
        *verification_jobs.periodic(ports),
        *support_jobs.periodic(ports),
        *traceability_jobs.periodic(ports),
        *notifications_jobs.periodic(ports),
        *promotions_jobs.periodic(ports),
        *analytics_jobs.periodic(ports),
        *reports_jobs.periodic(ports),
        *privacy_jobs.periodic(ports),
        *housekeeping.periodic(ports.db),
        *sealing.periodic(ports.db),
    ]


def consumers(ports: Ports) -> Sequence[Consumer]:
    relay: Relay | None = ports.find(Relay)
    return [
        *delivery_jobs.consumers(ports),
        *traceability_jobs.consumers(ports),
        *([] if relay is None else [Consumer("platform.events_out", relay.run)]),
    ]
