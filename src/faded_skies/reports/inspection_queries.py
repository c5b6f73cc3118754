"""SQL of the inspection pack. Every statement takes the moments at which the days begin and end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the pack: CSV with these columns, or lines of JSON; and a few words about it."""

    file: str
    what: str
    columns: tuple[str, ...]
    statement: str


SHOP = """
SELECT name, license_number, license_type, license_issuer, license_issued_on, license_expires_on FROM shop
"""
AUDIT_PROOF = """
SELECT chain, number, position, link, sealed_at, mac FROM audit_seals ORDER BY chain, number
"""
RULE_FILES = """
SELECT f.digest, f.files FROM rule_files f
WHERE f.digest IN (
    SELECT rules_hash FROM rule_decisions WHERE decided_at >= $1 AND decided_at < $2
    UNION
    SELECT rules_hash FROM orders
    WHERE (created_at >= $1 AND created_at < $2) OR (delivered_at >= $1 AND delivered_at < $2)
)
"""

PARTS: tuple[Part, ...] = (
    Part(
        "orders.csv",
        "Orders placed or delivered: state, money by kind, the rules they were judged by.",
        (
            "order",
            "status",
            "placed_at",
            "delivered_at",
            "tender",
            "subtotal_cents",
            "tax_cents",
            "delivery_fee_cents",
            "total_cents",
            "paid_cents",
            "refunded_cents",
            "city",
            "zip",
            "rules_hash",
        ),
        """
        SELECT order_number, status, created_at, delivered_at, tender, subtotal_cents, tax_cents, delivery_fee_cents,
               total_cents, paid_cents, refunded_cents, delivery_address ->> 'city', delivery_address ->> 'zipCode',
               rules_hash
        FROM orders WHERE (created_at >= $1 AND created_at < $2) OR (delivered_at >= $1 AND delivered_at < $2)
        ORDER BY created_at, id
        """,
    ),
    Part(
        "order_lines.csv",
        "What was sold: class, quantity, milligrams of one unit, price and taxes.",
        (
            "order",
            "line",
            "product",
            "class",
            "quantity",
            "net_mg",
            "thc_mg",
            "price_cents",
            "tax_state_cents",
            "tax_cannabis_cents",
            "tax_local_cents",
            "refunded_quantity",
        ),
        """
        SELECT o.order_number, i.line, i.name, i.product_class, i.quantity, i.net_weight_mg, i.thc_mg,
               i.total_price_cents, i.tax_state_cents, i.tax_cannabis_cents, i.tax_local_cents, i.refunded_quantity
        FROM orders o JOIN order_items i ON i.order_id = o.id
        WHERE (o.created_at >= $1 AND o.created_at < $2) OR (o.delivered_at >= $1 AND o.delivered_at < $2)
        ORDER BY o.created_at, o.id, i.line
        """,
    ),
    Part(
        "id_checks.csv",
        "ID checks at the door that led to a handover.",
        ("order", "handed_over_at", "driver_id", "method", "document_type", "document_expires_on", "signed"),
        """
        SELECT o.order_number, h.handed_over_at, h.driver_id, h.method, h.document_type, h.document_expires_on,
               h.signature IS NOT NULL
        FROM handovers h JOIN orders o ON o.id = h.order_id
        WHERE h.handed_over_at >= $1 AND h.handed_over_at < $2 ORDER BY h.handed_over_at, o.id
        """,
    ),
    Part(
        "id_verifications.csv",
        "IDs looked at before the first order: outcome and when, no numbers.",
        ("verification", "document_type", "status", "handed_in_at", "decided_at"),
        """
        SELECT id, document_type, status, created_at, decided_at FROM id_verifications
        WHERE created_at >= $1 AND created_at < $2 ORDER BY created_at, id
        """,
    ),
    Part(
        "decisions.ndjson",
        "Every question to the law with all its answers.",
        (),
        """
        SELECT d.id, d.stage, o.order_number AS "order", d.trip_id AS trip, d.jurisdiction, d.rules_hash, d.outcome,
               d.decisions, d.decided_at
        FROM rule_decisions d LEFT JOIN orders o ON o.id = d.order_id
        WHERE d.decided_at >= $1 AND d.decided_at < $2 ORDER BY d.decided_at, d.id
        """,
    ),
    Part(
        "refusals.csv",
        "What was refused, at the order, at departure or at the door, and by which rule.",
        ("decided_at", "stage", "order", "trip", "rule", "reason", "source", "rules_hash"),
        """
        SELECT d.decided_at, d.stage, o.order_number, d.trip_id, one ->> 'rule', one ->> 'reason', one ->> 'source',
               d.rules_hash
        FROM rule_decisions d LEFT JOIN orders o ON o.id = d.order_id,
             jsonb_array_elements(d.decisions) AS one
        WHERE d.decided_at >= $1 AND d.decided_at < $2 AND d.outcome <> 'allow' AND one ->> 'outcome' <> 'allow'
        ORDER BY d.decided_at, d.id
        """,
    ),
    Part(
        "manifests.ndjson",
        "The papers of trips, in every version, without licence numbers; the shop prints them with.",
        (),
        """
        SELECT number, version, trip_id AS trip, made_at, digest, content FROM manifests
        WHERE made_at >= $1 AND made_at < $2 ORDER BY number, version
        """,
    ),
    Part(
        "stop_log.csv",
        "What happened on the road, with the code of each refusal at a door.",
        ("at", "trip", "driver_id", "kind", "order", "code", "note", "latitude", "longitude"),
        """
        SELECT s.at, s.trip_id, s.driver_id, s.kind, o.order_number, s.code, s.note, s.latitude, s.longitude
        FROM stop_log s LEFT JOIN orders o ON o.id = s.order_id
        WHERE s.at >= $1 AND s.at < $2 ORDER BY s.at, s.id
        """,
    ),
    Part(
        "positions.csv",
        "Where drivers were; degrees, compass degrees, metres per second.",
        ("driver_id", "recorded_at", "order", "latitude", "longitude", "heading", "speed"),
        """
        SELECT l.driver_id, l.recorded_at, o.order_number, l.latitude, l.longitude, l.heading, l.speed
        FROM driver_locations l LEFT JOIN orders o ON o.id = l.order_id
        WHERE l.recorded_at >= $1 AND l.recorded_at < $2 ORDER BY l.driver_id, l.recorded_at
        """,
    ),
    Part(
        "cash_drawers.csv",
        "Drivers' cash: float, what came in, both counts; counted_by where staff counted for the driver.",
        (
            "drawer",
            "driver_id",
            "status",
            "opened_at",
            "float_cents",
            "collected_cents",
            "counted_cents",
            "counted_at",
            "counted_by",
            "received_cents",
            "signed_off_at",
            "signed_off_by",
            "note",
        ),
        """
        SELECT id, driver_id, status, opened_at, float_cents, collected_cents, counted_cents, counted_at,
               counted_by, received_cents, signed_off_at, signed_off_by, note
        FROM cash_drawers WHERE opened_at < $2 AND coalesce(signed_off_at, 'infinity') >= $1 ORDER BY opened_at, id
        """,
    ),
    Part(
        "books.csv",
        "Every movement of money and coins in the books.",
        ("posted_at", "fact", "debit", "credit", "amount_cents", "order"),
        """
        SELECT t.posted_at, t.kind, t.debit, t.credit, t.amount_cents, o.order_number
        FROM ledger_transfers t LEFT JOIN orders o ON o.id = t.order_id
        WHERE t.posted_at >= $1 AND t.posted_at < $2 ORDER BY t.posted_at, t.id
        """,
    ),
    Part(
        "stock_movements.csv",
        "Why stock changed.",
        ("at", "product", "change", "reason", "order", "actor_id"),
        """
        SELECT m.created_at, p.name, m.change, m.reason, o.order_number, m.actor_id
        FROM stock_movements m JOIN products p ON p.id = m.product_id LEFT JOIN orders o ON o.id = m.order_id
        WHERE m.created_at >= $1 AND m.created_at < $2 ORDER BY m.created_at, m.id
        """,
    ),
    Part(
        "lots.csv",
        "Lots that lay in the shop: tag, test, state, units.",
        (
            "tag",
            "product",
            "received_at",
            "received",
            "quantity",
            "lab_result",
            "tested_on",
            "expires_on",
            "status",
        ),
        """
        SELECT l.tag, p.name, l.received_at, l.received, l.quantity, l.lab_result, l.tested_on, l.expires_on, l.status
        FROM lots l JOIN products p ON p.id = l.product_id
        WHERE l.received_at < $2 AND (l.quantity > 0 OR l.updated_at >= $1) ORDER BY l.received_at, l.id
        """,
    ),
    Part(
        "lot_movements.csv",
        "Why units of lots changed.",
        ("at", "tag", "change", "reason", "order", "actor_id", "note"),
        """
        SELECT m.created_at, l.tag, m.change, m.reason, o.order_number, m.actor_id, m.note
        FROM lot_movements m JOIN lots l ON l.id = m.lot_id LEFT JOIN orders o ON o.id = m.order_id
        WHERE m.created_at >= $1 AND m.created_at < $2 ORDER BY m.created_at, m.id
        """,
    ),
    Part(
        "state_reports.csv",
        "What was told to the state: the step, when it was due and confirmed, under which number.",
        (
            "happened_at",
            "step",
            "order",
            "trip",
            "external_number",
            "state",
            "due_at",
            "sent_at",
            "their_number",
            "attempts",
            "error",
        ),
        """
        SELECT r.happened_at, r.step, o.order_number, r.trip_id, r.external_number, r.state, r.due_at, r.sent_at,
               r.metrc_id, r.attempts, r.last_error
        FROM trace_reports r LEFT JOIN orders o ON o.id = r.order_id
        WHERE r.happened_at >= $1 AND r.happened_at < $2 ORDER BY r.happened_at, r.id
        """,
    ),
    Part(
        "acknowledgements.csv",
        "Who answers for rules that are not verified, of all time.",
        ("acknowledged_at", "jurisdiction", "rule", "fingerprint", "operator"),
        """
        SELECT acknowledged_at, jurisdiction, rule, fingerprint, operator FROM rule_acknowledgements
        WHERE $1::timestamptz IS NOT NULL AND acknowledged_at < $2 ORDER BY acknowledged_at, rule
        """,
    ),
)
