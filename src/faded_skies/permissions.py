"""The table of permissions: who may do what. Every endpoint and every client event of the sockets stands here.

The server does not start while a door is missing, and what no line names is refused (`platform/access.py`).
Access to single things (this order, that address) is decided by the query that reads them: what is not yours
does not exist.
"""

from faded_skies.platform.access import Permission
from faded_skies.platform.actor import Owed, Role

EVERYBODY = frozenset(Role)
ADMIN = frozenset({Role.ADMIN})
DRIVER = frozenset({Role.DRIVER})
AGENT = frozenset({Role.AGENT})
STAFF = frozenset({Role.ADMIN, Role.AGENT})

OWING_BIRTH_DATE = frozenset({Owed.DATE_OF_BIRTH})
OWING_SECOND_FACTOR = frozenset({Owed.SECOND_FACTOR})

TABLE: tuple[Permission, ...] = (
    # Everybody, signed in or not
    Permission(
        name="look at the shop",
        public=True,
        doors=(
            "GET /api/shop",
            "GET /api/categories",
            "GET /api/products",
            "GET /api/products/{product_id}",
        ),
    ),
    Permission(
        name="ask what the law says",
        public=True,
        doors=(
            "GET /api/compliance/license",
            "POST /api/compliance/calculate-tax",
            "POST /api/compliance/validate-delivery-area",
        ),
    ),
    Permission(
        name="get in",
        public=True,
        doors=(
            "POST /api/auth/register",
            "POST /api/auth/login",
            "POST /api/auth/mfa",
            "POST /api/auth/passkey/options",
            "POST /api/auth/passkey",
            "POST /api/auth/refresh-token",
            "POST /api/auth/forgot-password",
            "POST /api/auth/reset-password",
            "POST /api/auth/verify-email",
            "POST /api/auth/accept-invitation",
            "GET /api/auth/oauth/{provider}/start",
            "GET /api/auth/oauth/{provider}/callback",
            "POST /api/auth/oauth/{provider}/callback",
            "POST /api/auth/oauth/exchange",
        ),
    ),
    Permission(
        name="see whether it runs",
        public=True,
        doors=("GET /health", "GET /health/live", "GET /health/ready"),
    ),
    # METRICS_TOKEN is the permission; without one, asking from this very machine (`platform/http/metrics.py`).
    Permission(name="read the figures of a process", public=True, doors=("GET /metrics",)),
    Permission(
        name="read the API's document",
        public=True,
        doors=("GET /docs", "GET /openapi.json", "GET /asyncapi.json"),
    ),
    Permission(
        name="deliver a webhook",
        public=True,
        doors=("POST /webhooks/sandbox", "POST /webhooks/stripe", "POST /webhooks/jumio"),
    ),
    # Stored by consent only; somebody signed in may say who they are.
    Permission(name="tell what one looked at", public=True, doors=("POST /api/analytics/events",)),
    # The link itself is the permission: made by staff, good once, for two minutes.
    Permission(
        name="open a picture by a staff's link", public=True, doors=("GET /api/id-documents/{token}",)
    ),
    # The doubles' pages; they exist only where the doubles do.
    Permission(
        name="see what the doubles did",
        public=True,
        doors=(
            "GET /outbox",
            "GET /outbox/{message_id}",
            "GET /sandbox/authenticate/{charge_id}",
            "POST /sandbox/authenticate/{charge_id}",
        ),
    ),
    # Whoever is signed in, for their own things
    Permission(
        name="leave, and say who one is",
        roles=EVERYBODY,
        while_owing=OWING_BIRTH_DATE | OWING_SECOND_FACTOR,
        doors=("GET /api/users/profile", "POST /api/auth/logout"),
    ),
    Permission(
        name="hand in one's date of birth",
        roles=EVERYBODY,
        while_owing=OWING_BIRTH_DATE,
        doors=("POST /api/users/profile/complete",),
    ),
    Permission(
        name="turn on a second factor",
        roles=EVERYBODY,
        while_owing=OWING_SECOND_FACTOR,
        doors=("GET /api/users/mfa", "POST /api/users/mfa", "POST /api/users/mfa/confirm"),
    ),
    Permission(
        name="keep one's second factor",
        roles=EVERYBODY,
        doors=("DELETE /api/users/mfa", "POST /api/users/mfa/recovery-codes"),
    ),
    Permission(
        name="keep one's account",
        roles=EVERYBODY,
        doors=(
            "PUT /api/users/profile",
            "PUT /api/users/password",
            "POST /api/auth/resend-verification",
            "GET /api/users/sessions",
            "DELETE /api/users/sessions",
            "DELETE /api/users/sessions/{session_id}",
        ),
    ),
    Permission(
        name="keep one's ways in",
        roles=EVERYBODY,
        doors=(
            "GET /api/users/identities",
            "POST /api/users/identities",
            "DELETE /api/users/identities/{identity_id}",
            "GET /api/users/passkeys",
            "POST /api/users/passkeys/options",
            "POST /api/users/passkeys",
            "DELETE /api/users/passkeys/{passkey_id}",
        ),
    ),
    Permission(
        name="take out what is held on oneself, and leave",
        roles=EVERYBODY,
        while_owing=OWING_BIRTH_DATE,
        doors=("GET /api/users/me/export", "DELETE /api/users/me"),
    ),
    Permission(
        name="keep one's addresses",
        roles=EVERYBODY,
        doors=(
            "GET /api/users/addresses",
            "POST /api/users/addresses",
            "PUT /api/users/addresses/{address_id}",
            "DELETE /api/users/addresses/{address_id}",
            "GET /api/maps/autocomplete",
            "GET /api/maps/place",
        ),
    ),
    Permission(
        name="shop",
        roles=EVERYBODY,
        doors=(
            "GET /api/cart",
            "POST /api/cart/add",
            "PUT /api/cart/update",
            "DELETE /api/cart/remove/{product_id}",
            "POST /api/orders/quote",
            "POST /api/orders",
            "POST /api/orders/{order_id}/confirm-payment",
            "POST /api/orders/{order_id}/cancel",
            "POST /api/orders/{order_id}/amend",
            "GET /api/orders/{order_id}/amendments",
            "POST /api/orders/{order_id}/amendments/{amendment_id}/accept",
            "POST /api/orders/{order_id}/amendments/{amendment_id}/decline",
            "GET /api/orders",
            "GET /api/orders/{order_id}",
            "GET /api/orders/{order_id}/tracking",
            "GET /api/orders/{order_id}/events",
            "GET /api/orders/{order_id}/receipt",
            "SOCKET connect",
            "SOCKET track-order",
            "GET /api/users/rewards",
            "POST /api/products/{product_id}/reviews",
        ),
    ),
    Permission(
        name="keep ways to pay",
        roles=EVERYBODY,
        doors=(
            "GET /api/payments/methods",
            "POST /api/payments/methods",
            "PATCH /api/payments/methods/{method_id}",
            "DELETE /api/payments/methods/{method_id}",
            "POST /api/payments/create-intent",
        ),
    ),
    Permission(
        name="be told on a device",
        roles=EVERYBODY,
        doors=("POST /api/notifications/register-token", "DELETE /api/notifications/register-token"),
    ),
    Permission(
        name="read what one was told, and choose what one hears of",
        roles=EVERYBODY,
        doors=(
            "GET /api/notifications",
            "POST /api/notifications/read-all",
            "POST /api/notifications/{notification_id}/read",
            "GET /api/notifications/preferences",
            "PUT /api/notifications/preferences",
            "GET /api/promotions/{promotion_id}",
        ),
    ),
    # The link itself is the permission: it ends promotions to one person, and does nothing else.
    Permission(
        name="end promotions by the link of a mail",
        public=True,
        doors=(
            "GET /api/notifications/unsubscribe/{token}",
            "POST /api/notifications/unsubscribe/{token}",
        ),
    ),
    Permission(
        name="say whether one is counted",
        roles=EVERYBODY,
        doors=("GET /api/analytics/consent", "PUT /api/analytics/consent"),
    ),
    Permission(
        name="prove who one is",
        roles=EVERYBODY,
        doors=("GET /api/users/id-verification", "POST /api/users/id-verification"),
    ),
    Permission(
        name="talk with support",
        roles=EVERYBODY,
        doors=(
            "GET /api/support/tickets",
            "POST /api/support/tickets",
            "GET /api/support/tickets/{ticket_id}/messages",
            "POST /api/support/tickets/{ticket_id}/messages",
            "POST /api/support/tickets/{ticket_id}/read",
            "POST /api/support/uploads",
            "GET /api/support/uploads/{upload_id}",
            "SOCKET join-chat",
            "SOCKET send-message",
            "SOCKET typing",
            "SOCKET mark-read",
        ),
    ),
    # Drivers
    Permission(
        name="drive",
        roles=DRIVER,
        doors=(
            "POST /api/driver/shift",
            "GET /api/driver/orders",
            "POST /api/driver/location",
            "POST /api/driver/orders/{order_id}/accept",
            "POST /api/driver/orders/{order_id}/decline",
            "POST /api/driver/orders/{order_id}/pickup",
            "POST /api/driver/orders/{order_id}/arrive",
            "POST /api/driver/orders/{order_id}/deliver",
            "POST /api/driver/orders/{order_id}/return",
            "POST /api/driver/trips",
            "GET /api/driver/trips/{trip_id}",
            "POST /api/driver/trips/{trip_id}/depart",
            "POST /api/driver/trips/{trip_id}/stops",
            "POST /api/driver/trips/{trip_id}/end",
            "GET /api/driver/trips/{trip_id}/manifest",
            "SOCKET driver-location-update",
        ),
    ),
    # Staff
    Permission(
        name="answer customers",
        roles=AGENT,
        doors=(
            "GET /api/agent/tickets",
            "GET /api/agent/tickets/{ticket_id}",
            "PATCH /api/agent/tickets/{ticket_id}",
            "POST /api/agent/tickets/{ticket_id}/take",
            "POST /api/agent/tickets/{ticket_id}/transfer",
            "POST /api/agent/tickets/{ticket_id}/notes",
            "POST /api/agent/tickets/{ticket_id}/close",
            "POST /api/agent/tickets/{ticket_id}/reopen",
            "GET /api/agent/colleagues",
            "PUT /api/agent/presence",
        ),
    ),
    Permission(
        name="watch over what agents answer",
        roles=ADMIN,
        doors=(
            "GET /api/admin/tickets",
            "GET /api/admin/tickets/{ticket_id}",
            "PATCH /api/admin/tickets/{ticket_id}",
            "POST /api/admin/tickets/{ticket_id}/assign",
            "POST /api/admin/tickets/{ticket_id}/notes",
            "GET /api/admin/agents",
        ),
    ),
    Permission(
        name="look at identity papers",
        roles=STAFF,
        doors=(
            "GET /api/admin/id-verifications",
            "POST /api/admin/id-verifications/{verification_id}/approve",
            "POST /api/admin/id-verifications/{verification_id}/reject",
            "POST /api/admin/id-verifications/{verification_id}/document-link",
        ),
    ),
    Permission(
        name="invite staff",
        roles=ADMIN,
        doors=(
            "GET /api/admin/invitations",
            "POST /api/admin/invitations",
            "DELETE /api/admin/invitations/{invitation_id}",
        ),
    ),
    Permission(
        name="find people, suspend and reactivate them, and give them roles",
        roles=ADMIN,
        doors=(
            "GET /api/admin/users",
            "GET /api/admin/users/{user_id}",
            "PATCH /api/admin/users/{user_id}",
        ),
    ),
    Permission(
        name="set the shop up, and pause it",
        roles=ADMIN,
        doors=("GET /api/admin/settings", "PATCH /api/admin/settings"),
    ),
    Permission(
        name="keep the catalogue",
        roles=ADMIN,
        doors=(
            "GET /api/admin/products",
            "POST /api/admin/products",
            "GET /api/admin/products/export",
            "POST /api/admin/products/import",
            "GET /api/admin/products/{product_id}",
            "PATCH /api/admin/products/{product_id}",
            "DELETE /api/admin/products/{product_id}",
            "POST /api/admin/products/{product_id}/images",
            "PUT /api/admin/products/{product_id}/images/order",
            "PATCH /api/admin/products/{product_id}/images/{image_id}",
            "DELETE /api/admin/products/{product_id}/images/{image_id}",
            "GET /api/admin/products/{product_id}/stock",
            "POST /api/admin/products/{product_id}/stock",
            "GET /api/admin/stock/low",
            "GET /api/admin/categories",
            "POST /api/admin/categories",
            "GET /api/admin/categories/{category_id}",
            "PATCH /api/admin/categories/{category_id}",
            "DELETE /api/admin/categories/{category_id}",
        ),
    ),
    Permission(
        name="draw where we deliver",
        roles=ADMIN,
        doors=(
            "GET /api/admin/service-areas",
            "POST /api/admin/service-areas",
            "POST /api/admin/service-areas/import",
            "GET /api/admin/service-areas/{area_id}",
            "PATCH /api/admin/service-areas/{area_id}",
            "DELETE /api/admin/service-areas/{area_id}",
        ),
    ),
    Permission(
        name="run the board of orders",
        roles=ADMIN,
        doors=(
            "GET /api/admin/orders",
            "GET /api/admin/orders/counts",
            "PATCH /api/admin/orders/{order_id}/status",
            "POST /api/admin/orders/{order_id}/assign",
            "POST /api/admin/orders/{order_id}/receive-goods",
            "POST /api/admin/orders/{order_id}/amendments",
            "DELETE /api/admin/orders/{order_id}/amendments/{amendment_id}",
        ),
    ),
    Permission(
        name="give money and coins back",
        roles=ADMIN,
        doors=(
            "POST /api/admin/orders/{order_id}/refund",
            "POST /api/admin/users/{user_id}/coins",
            "GET /api/admin/disputes",
        ),
    ),
    Permission(
        name="end drivers' shifts, count and sign off their cash",
        roles=ADMIN,
        doors=(
            "GET /api/admin/drawers",
            "POST /api/admin/drawers/{drawer_id}/sign-off",
            "POST /api/admin/drivers/{driver_id}/end-shift",
        ),
    ),
    Permission(
        name="answer for the law",
        roles=ADMIN,
        doors=(
            "GET /api/admin/rules",
            "POST /api/admin/rules/acknowledgements",
            "GET /api/admin/rules/decisions",
            "GET /api/admin/barred-places",
            "POST /api/admin/barred-places",
            "DELETE /api/admin/barred-places/{place_id}",
        ),
    ),
    Permission(
        name="keep lots, and pack by scan",
        roles=ADMIN,
        doors=(
            "GET /api/admin/lots",
            "POST /api/admin/lots",
            "GET /api/admin/lots/{lot_id}",
            "POST /api/admin/lots/{lot_id}/lab",
            "POST /api/admin/lots/{lot_id}/hold",
            "POST /api/admin/lots/{lot_id}/release",
            "POST /api/admin/lots/{lot_id}/recall",
            "POST /api/admin/lots/{lot_id}/adjust",
            "POST /api/admin/lots/{lot_id}/destroy",
            "GET /api/admin/orders/{order_id}/packages",
            "POST /api/admin/orders/{order_id}/pack",
            "DELETE /api/admin/orders/{order_id}/pack/{tag}",
        ),
    ),
    Permission(
        name="keep vehicles and drivers, and watch trips",
        roles=ADMIN,
        doors=(
            "GET /api/admin/vehicles",
            "POST /api/admin/vehicles",
            "PATCH /api/admin/vehicles/{vehicle_id}",
            "GET /api/admin/vehicles/{vehicle_id}/papers",
            "PUT /api/admin/vehicles/{vehicle_id}/papers",
            "GET /api/admin/drivers/{driver_id}/papers",
            "PUT /api/admin/drivers/{driver_id}/papers",
            "GET /api/admin/trips",
            "GET /api/admin/trips/{trip_id}",
            "GET /api/admin/trips/{trip_id}/manifest",
            "GET /api/admin/orders/{order_id}/completion",
            "GET /api/admin/dispatch/decisions",
        ),
    ),
    Permission(
        name="keep the books",
        roles=ADMIN,
        doors=(
            "GET /api/admin/reports/day-close",
            "GET /api/admin/reports/taxes",
            "GET /api/admin/reports/journal",
        ),
    ),
    Permission(
        name="read what was sold, refused and looked at",
        roles=ADMIN,
        doors=(
            "GET /api/admin/reports",
            "GET /api/admin/reports/sales",
            "GET /api/admin/reports/products",
            "GET /api/admin/reports/refusals",
            "GET /api/admin/reports/funnel",
        ),
    ),
    Permission(
        name="see to reports to track and trace",
        roles=ADMIN,
        doors=(
            "GET /api/admin/traceability/status",
            "GET /api/admin/traceability/reports",
            "GET /api/admin/traceability/reports/{report_id}",
            "PATCH /api/admin/traceability/reports/{report_id}",
            "POST /api/admin/traceability/reports/{report_id}/requeue",
            "POST /api/admin/traceability/reports/{report_id}/cancel",
            "GET /api/admin/traceability/differences",
        ),
    ),
    Permission(
        name="write, start and stop promotions",
        roles=ADMIN,
        doors=(
            "GET /api/admin/promotions",
            "POST /api/admin/promotions",
            "GET /api/admin/promotions/{promotion_id}",
            "PATCH /api/admin/promotions/{promotion_id}",
            "DELETE /api/admin/promotions/{promotion_id}",
            "POST /api/admin/promotions/{promotion_id}/preview",
            "POST /api/admin/promotions/{promotion_id}/start",
            "POST /api/admin/promotions/{promotion_id}/stop",
        ),
    ),
    Permission(
        name="see what became of messages",
        roles=STAFF,
        doors=("GET /api/admin/messages", "POST /api/admin/messages/{message_id}/resend"),
    ),
    Permission(
        name="see to jobs and webhooks that failed",
        roles=ADMIN,
        doors=(
            "GET /api/admin/jobs",
            "GET /api/admin/jobs/failed",
            "POST /api/admin/jobs/failed/replay",
            "GET /api/admin/jobs/failed/{job_id}",
            "POST /api/admin/jobs/failed/{job_id}/replay",
            "POST /api/admin/jobs/failed/{job_id}/discard",
            "GET /api/admin/webhooks",
            "GET /api/admin/webhooks/{webhook_id}",
            "POST /api/admin/webhooks/{webhook_id}/replay",
        ),
    ),
    Permission(
        name="read, take away and verify the audit log",
        roles=ADMIN,
        doors=(
            "GET /api/admin/audit-log",
            "GET /api/admin/audit-log/export",
            "POST /api/admin/audit-log/verify",
        ),
    ),
)
