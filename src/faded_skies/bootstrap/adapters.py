"""Which adapter stands behind each port: the real one where its key is set, else the double."""

from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

from faded_skies.adapters.dispatch.batches import BatchSolver
from faded_skies.adapters.dispatch.nearest import NearestDriver
from faded_skies.adapters.distances.times import DistanceTimes
from faded_skies.adapters.documents.child import Children
from faded_skies.adapters.documents.pictures import Pictures
from faded_skies.adapters.documents.reader import Documents
from faded_skies.adapters.google_analytics.vendor import open_google_analytics
from faded_skies.adapters.google_maps.opening import open_google, open_google_times
from faded_skies.adapters.jumio.opening import open_jumio
from faded_skies.adapters.metrc.double import open_double
from faded_skies.adapters.metrc.opening import open_metrc
from faded_skies.adapters.mixpanel.vendor import open_mixpanel
from faded_skies.adapters.object_store.media import open_media
from faded_skies.adapters.object_store.opening import open_documents
from faded_skies.adapters.oidc.opening import open_providers
from faded_skies.adapters.osrm.times import open_osrm
from faded_skies.adapters.outbox.outbox import Outbox
from faded_skies.adapters.passkeys.ceremonies import WebauthnCeremonies
from faded_skies.adapters.passwords.hasher import PwdlibHasher
from faded_skies.adapters.printing.printer import Printer
from faded_skies.adapters.sandbox.opening import open_sandbox
from faded_skies.adapters.smtp.mailer import SmtpMailer
from faded_skies.adapters.zipcodes.finder import OWN, ZipcodeFinder
from faded_skies.adapters.zipcodes.geocoder import ZipcodeGeocoder
from faded_skies.adapters.zipcodes.table import ZipTable
from faded_skies.domains.analytics.ports import Vendor, Vendors
from faded_skies.domains.catalog.ports import MediaStore, PictureMaker
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.ports import DepartureGate, PaperPrinter, RouteSolver, TravelTimes
from faded_skies.domains.identity.ports import Adulthood, IdentityProviders, PasskeyCeremonies, PasswordHasher
from faded_skies.domains.notifications.ports import Mailer, Pusher
from faded_skies.domains.payments.ports import CapturePolicy, CardTerms, Gateways, PaymentGateway
from faded_skies.domains.payments.service import BY_CARD
from faded_skies.domains.places.ports import AddressFinder, Gazetteer, Geocoder, TownLaw
from faded_skies.domains.traceability.ports import Line, TrackAndTrace
from faded_skies.domains.traceability.service import Gate as MetrcGate
from faded_skies.domains.verification.ports import BarcodeReader, IdVerifier, VendorVerifier
from faded_skies.domains.verification.service import (
    BarcodeCheck,
    StaffReview,
)
from faded_skies.platform import clock
from faded_skies.platform.documents.ports import DocumentReader, DocumentStore
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.event_outbox import Outbox as EventOutbox
from faded_skies.platform.event_outbox import Relay, check_backlog
from faded_skies.platform.health import VENDOR_SECONDS, Check
from faded_skies.platform.ports import Ports


async def choose_adapters(ports: Ports, stack: AsyncExitStack) -> None:
    """Provide an adapter for every port: the real one where its key is set, else the double."""
    hasher = PwdlibHasher()
    stack.callback(hasher.close)
    ports.provide(PasswordHasher, hasher)
    ports.provide(PasskeyCeremonies, WebauthnCeremonies(ports.settings.client_origins))
    ports.provide(IdentityProviders, await stack.enter_async_context(open_providers(ports.settings)))
    await _choose_post(ports, stack)
    await _choose_gateways(ports, stack)
    ports.provide(DocumentStore, await open_documents(ports.settings))
    media = open_media(ports.settings)
    ports.provide(MediaStore, media)
    ports.checks.append(Check("media", media.check, kept_seconds=VENDOR_SECONDS))
    _choose_readers(ports)
    await _choose_maps(ports, stack)
    await _choose_travel_times(ports, stack)
    await _choose_law(ports)
    ports.provide(PaperPrinter, Printer(Children(at_once=1)))
    _choose_solver(ports)
    await _choose_track_and_trace(ports, stack)
    await _choose_analytics(ports, stack)
    _choose_broker(ports)


def _choose_readers(ports: Ports) -> None:
    """Provide who reads what people hand in: one file at a time in all, as a container has memory for one."""
    children = Children(at_once=1)
    documents = Documents(children)
    ports.provide(PictureMaker, Pictures(children))
    ports.provide(DocumentReader, documents)
    ports.provide(BarcodeReader, documents)


def _choose_solver(ports: Ports) -> None:
    """Provide who plans drivers' ways, as DISPATCH_PLANS says."""
    if ports.settings.dispatch_plans == "batches":
        # Rounds wait for the plan: a child that hangs is given up soon.
        ports.provide(RouteSolver, BatchSolver(Children(at_once=1, longest=5)))
        ports.vendors["dispatch"] = "Orders go to the nearest driver who is free, one by one."
    else:
        ports.provide(RouteSolver, NearestDriver())
        ports.doubles["dispatch"] = (
            "Orders go to the nearest driver who is free; no ways are planned (DISPATCH_PLANS=nearest)."
        )


async def _choose_post(ports: Ports, stack: AsyncExitStack) -> None:
    """Provide who sends mails and pushes: the shop's own where they are set, else an outbox on this machine."""
    settings = ports.settings
    outbox = Outbox(settings.data / "outbox", sender=settings.from_email)
    for kind in (Outbox, Mailer, Pusher):
        ports.provide(kind, outbox)
    if settings.mail is not None:
        mailer = SmtpMailer(settings.mail, sender=settings.from_email)
        ports.provide(Mailer, mailer)
        ports.checks.append(Check("mail", mailer.check, kept_seconds=VENDOR_SECONDS))
    else:
        ports.doubles["mail"] = "Mails go to a local outbox; none leaves this machine."
    if settings.firebase is not None:
        from faded_skies.adapters.fcm.opening import open_fcm  # its import costs 40 MB

        icon = f"{settings.client_origins[0]}/icon-192x192.png"
        ports.provide(Pusher, await stack.enter_async_context(open_fcm(settings.firebase, icon=icon)))
        ports.vendors["push"] = "Pushes wait and are tried again."
    else:
        ports.doubles["push"] = "Pushes go to a local outbox; none reaches a phone."


async def _choose_analytics(ports: Ports, stack: AsyncExitStack) -> None:
    """Provide who else counts visits: those whose keys are set; by default nobody."""
    stream, project = ports.settings.google_analytics, ports.settings.mixpanel
    vendors: list[Vendor] = []
    if stream is not None:
        vendors.append(await stack.enter_async_context(open_google_analytics(stream)))
    if project is not None:
        vendors.append(await stack.enter_async_context(open_mixpanel(project)))
    ports.provide(Vendors, Vendors(tuple(vendors)))
    ports.vendors |= {
        one.name: "What it is to count waits, as long as it takes facts so old." for one in vendors
    }


async def _choose_track_and_trace(ports: Ports, stack: AsyncExitStack) -> None:
    """Provide whom sales are reported to: Metrc with its keys, else nobody in production and a double elsewhere."""
    settings, law = ports.settings, ports.get(Law)
    system: TrackAndTrace | None = None
    license_no: str | None = None
    if settings.metrc is not None:
        license_no = settings.metrc.license_no
        system = await stack.enter_async_context(open_metrc(settings.metrc, law.timezone))
        ports.vendors["metrc"] = "Reports wait and are told later, in their order."
    elif settings.environment != "production":
        system = await stack.enter_async_context(open_double(settings.database_url))
        ports.doubles["metrc"] = (
            "A built-in double takes reports to track and trace; the state hears nothing."
        )
    elif law.at(clock.now()).reporting.system != "none":
        ports.doubles["metrc"] = (
            "Metrc is not connected, and the law wants reports: they pile up until its keys are set."
        )
    line = Line(system, license_no, blocks_departure=settings.metrc_blocks_departure)
    ports.provide(Line, line)
    ports.provide(DepartureGate, MetrcGate(ports.db, ports.keyring, law, line))


def _choose_broker(ports: Ports) -> None:
    """Provide whom events are told, where AMQP_URL names somebody."""
    settings = ports.settings
    if settings.amqp_url is None:
        return
    from faded_skies.adapters.rabbitmq.broker import RabbitBroker

    ports.provide(
        Relay,
        Relay(
            settings.database_url,
            RabbitBroker(settings.amqp_url.get_secret_value(), exchange=settings.amqp_exchange),
        ),
    )
    ports.db.bus.outbox = EventOutbox(settings.api_url).write
    ports.checks.append(Check("events", partial(check_backlog, ports.db)))


async def _choose_law(ports: Ports) -> None:
    """Provide the law of the shop's jurisdiction. Raises StartRefused where the settings go against it."""
    settings = ports.settings
    law = compliance.read_law(settings.jurisdiction, fictional_counts=settings.environment != "production")
    ports.provide(Law, law)
    await compliance.keep_files(ports.db, law)
    await compliance.warn(ports.db, law, now=clock.now())

    def town_allowed(*, city: str, state: str | None) -> bool:
        return compliance.place_allowed(law.of_town(clock.now(), city), city=city, state=state)

    ports.provide(TownLaw, town_allowed)
    book = law.at(clock.now())
    ports.provide(Adulthood, Adulthood(book.min_age, book.timezone))
    most = 0 if book.privacy.id_image == "forbidden" else book.privacy.id_image_days
    if settings.id_documents_keep > timedelta(days=most):
        raise StartRefused(
            f"ID_DOCUMENTS_KEEP is longer than {book.name} allows to keep pictures of IDs: at most {most}d "
            f"({book.privacy.rule.source})."
        )
    acknowledged = await compliance.acknowledged(ports.db, book)
    if settings.id_documents_keep and not compliance.counts(book, book.privacy.rule, acknowledged):
        raise StartRefused(
            f"ID_DOCUMENTS_KEEP rests on the rule privacy of {book.name}, which is not verified "
            f"({book.privacy.rule.source}). Answer for it with `faded-skies rules acknowledge privacy --operator "
            '"<name>"`, or leave ID_DOCUMENTS_KEEP out.'
        )
    if book.fictional:
        ports.doubles["law"] = f"The rules of {book.name} are made up; they let nobody sell anywhere."


async def _choose_gateways(ports: Ports, stack: AsyncExitStack) -> None:
    """Provide who charges cards: Stripe where its keys are set, else nobody in production and the sandbox elsewhere."""
    settings = ports.settings
    ports.provide(CapturePolicy, CapturePolicy(at_departure=settings.payment_capture == "departure"))
    gateway: PaymentGateway | None = None
    classes: frozenset[str] | None = None
    key: str | None = None
    if settings.stripe is not None:
        from faded_skies.adapters.stripe.opening import open_stripe  # its import costs 30 MB

        gateway = stripe = await stack.enter_async_context(open_stripe(settings.stripe))
        ports.checks.append(Check("stripe", stripe.check, kept_seconds=VENDOR_SECONDS))
        classes, key = settings.stripe.product_classes, settings.stripe.publishable_key
        if not settings.stripe.moves_money:
            ports.doubles["stripe"] = "Stripe's test mode: no money moves."
    elif settings.environment == "production":
        ports.doubles["stripe"] = "No card gateway is connected: cash and coins only."
    else:
        gateway = await stack.enter_async_context(open_sandbox(settings))
        ports.doubles["stripe"] = "The built-in sandbox stands in for a card gateway; no money moves."
    ports.provide(Gateways, Gateways(dict.fromkeys(BY_CARD, gateway) if gateway else {}))
    ports.provide(CardTerms, CardTerms(gateway is not None, classes, key))


async def choose_verifier(ports: Ports, stack: AsyncExitStack) -> None:
    """Provide who looks at identity papers, as ID_VERIFICATION says."""
    chosen, client = ports.settings.id_verification, ports.settings.jumio
    vendor = None if client is None else await stack.enter_async_context(open_jumio(client, ports.settings))
    barcodes = BarcodeCheck(ports.get(BarcodeReader), decides=chosen == "barcode_decides")
    if vendor is not None:
        ports.vendors["jumio"] = "Customers are told to try again in a few minutes."
    ports.provide(VendorVerifier, vendor)
    ports.provide(IdVerifier, vendor or (StaffReview() if chosen == "review" else barcodes))


async def _choose_maps(ports: Ports, stack: AsyncExitStack) -> None:
    table = ZipTable()
    offline, finder = ZipcodeGeocoder(table), ZipcodeFinder(table)
    ports.provide(Gazetteer, offline)
    key = ports.settings.google_maps_api_key
    if key is None:
        ports.provide(Geocoder, offline)
        ports.provide(AddressFinder, finder)
        ports.doubles["maps"] = (
            "Addresses are placed at the middle of their ZIP code, or where the customer's pin is."
        )
        return
    google = await stack.enter_async_context(
        open_google(key.get_secret_value(), geocoder=offline, finder=finder, own=OWN)
    )
    for port, adapter in zip((Geocoder, AddressFinder), google, strict=True):
        ports.provide(port, adapter)
    ports.vendors["maps"] = "Addresses are placed by their ZIP code."


async def _choose_travel_times(ports: Ports, stack: AsyncExitStack) -> None:
    """Provide who reckons drives: an OSRM server where one is named, else Google with its key, else the distance."""
    key, osrm_url = ports.settings.google_maps_api_key, ports.settings.osrm_url
    distance = DistanceTimes(delivery.CitySpeed(ports.db).get)
    times: TravelTimes = distance
    if osrm_url is not None:
        times = await stack.enter_async_context(open_osrm(osrm_url, offline=distance))
    elif key is not None:
        times = await stack.enter_async_context(open_google_times(key.get_secret_value(), offline=distance))
    else:
        ports.doubles["routes"] = "Drives are reckoned from the distance: no map of streets is connected."
    if times is not distance:
        ports.vendors["routes"] = "Drives are reckoned from the distance."
    ports.provide(TravelTimes, times)
