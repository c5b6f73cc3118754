"""Every table of the database, and how long its rows are kept. A test holds it against the schema and the jobs.

docs/privacy.md says the same by what is held on people.
"""

from collections.abc import Mapping

from faded_skies.platform.retention import Kept, Pruned

_BOOKS = Kept("the books: the law asks for years, and each row is proved by others")
_RECORDS = Kept("delivery records: the law asks for years")
_SHOP = Kept("the shop's own: as many rows as staff makes")
_ACCOUNT = Kept("of an account: goes when it is closed, or is emptied then")
_IN_USE = Kept("as many rows as are in use at the moment")
_PROOF = Kept("proof: append-only, and says what was done to whom")

TABLES: Mapping[str, Pruned | Kept] = {
    "analytics_consents": _ACCOUNT,
    "analytics_events": Pruned("after 395 days, or as ANALYTICS_KEEP says", "analytics.prune"),
    "analytics_forwards": Pruned(
        "with their events; what a vendor has is deleted at once", "analytics.prune"
    ),
    "assignment_refusals": Pruned("after 30 days", "delivery.forget_decisions"),
    "audit_heads": Kept("eight rows"),
    "audit_log": _PROOF,
    "audit_seals": _PROOF,
    "barred_places": _SHOP,
    "cash_drawers": _BOOKS,
    "categories": _SHOP,
    "delivery_addresses": _ACCOUNT,
    "device_tokens": Kept("twenty of an account; what the vendor calls gone is deleted"),
    "dispatch_decisions": Pruned("after 30 days", "delivery.forget_decisions"),
    "disputes": _BOOKS,
    "document_holders": Kept("one of an account or of a blocked paper"),
    "driver_locations": Pruned(
        "after as many days as the rules say, by partitions", "delivery.renew_partitions"
    ),
    "driver_papers": _ACCOUNT,
    "driver_profiles": _ACCOUNT,
    "driver_shifts": _RECORDS,
    "events_out": Kept("what a broker has not confirmed yet; nothing is written without one"),
    "federated_sign_ins": Pruned("when they expire, after minutes", "identity.prune"),
    "gateway_customers": _ACCOUNT,
    "handovers": _RECORDS,
    "id_document_links": Pruned("7 days after they expire", "verification.tidy"),
    "id_documents": Kept("the row says that there was a picture; keys and pictures go by verification.tidy"),
    "id_verifications": Kept("proof that age was checked"),
    "idempotency_keys": Pruned("after 24 hours", "platform.forget_idempotency_keys"),
    "identities": _ACCOUNT,
    "invitations": Pruned("90 days after their end when nobody accepted", "identity.prune"),
    "job_starts": Pruned("with their jobs", "platform.prune_queue"),
    "keys": Kept("one for each purpose"),
    "ledger_transfers": _BOOKS,
    "lot_movements": _BOOKS,
    "lots": _BOOKS,
    "mailed_tokens": Pruned("7 days after they expire", "identity.prune"),
    "manifests": _RECORDS,
    "messages": Pruned("after two years; the words of a mail when it is sent", "notifications.prune"),
    "notices": Pruned("after a year", "notifications.prune"),
    "notification_choices": _ACCOUNT,
    "order_amendments": _BOOKS,
    "order_items": _BOOKS,
    "order_packages": _BOOKS,
    "order_tracking": _RECORDS,
    "orders": _BOOKS,
    "passkey_challenges": Pruned("when they expire, after minutes", "identity.prune"),
    "passkeys": _ACCOUNT,
    "payment_intents": _BOOKS,
    "payment_methods": _ACCOUNT,
    "pgqueuer": Kept("jobs that wait; what failed for good is shown to staff until they decide"),
    "pgqueuer_log": Pruned("after 7 days", "platform.prune_queue"),
    "pgqueuer_schedules": Kept("one for each periodic job"),
    "pgqueuer_statistics": Kept("only the library's dashboard writes it, and nobody starts that"),
    "product_images": _SHOP,
    "product_reviews": Kept("one of a customer for a product; goes when the account is closed"),
    "product_words": Kept("as many as products have words"),
    "products": _SHOP,
    "promotion_consents": _ACCOUNT,
    "promotion_recipients": _ACCOUNT,
    "promotions": _SHOP,
    "quiet_hours": _ACCOUNT,
    "recovery_codes": _ACCOUNT,
    "refresh_tokens": Pruned("7 days after they expire", "identity.prune"),
    "refunds": _BOOKS,
    "report_days": Kept("a row for each day with orders"),
    "report_marks": Kept("deleted when its day is summed up, with each report and each minute"),
    "report_products": Kept("a row for each product sold on a day"),
    "report_zone": Kept("one row"),
    "rewards_accounts": _BOOKS,
    "rewards_transactions": _BOOKS,
    "rule_acknowledgements": _PROOF,
    "rule_decisions": _PROOF,
    "rule_files": _PROOF,
    "schema_migrations": Kept("one for each migration"),
    "search_words": Kept("each word that a product has or had, once"),
    "second_factor_challenges": Pruned("when they expire, after minutes", "identity.prune"),
    "second_factor_enrolments": Pruned("when they expire, after minutes", "identity.prune"),
    "second_factors": _ACCOUNT,
    "service_areas": _SHOP,
    "sessions": Pruned("90 days after their end", "identity.prune"),
    "shop": Kept("one row"),
    "stock_levels": _SHOP,
    "stock_movements": _BOOKS,
    "stop_log": _RECORDS,
    "stops": _RECORDS,
    "support_absences": _IN_USE,
    "support_away": _IN_USE,
    "support_messages": _ACCOUNT,
    "support_notes": _ACCOUNT,
    "support_tickets": _ACCOUNT,
    "support_uploads": Kept(
        "the row says that there was a picture; what no message has goes by support.tidy"
    ),
    "trace_differences": _RECORDS,
    "trace_line": Kept("one row"),
    "trace_reports": _RECORDS,
    "trip_stops": _RECORDS,
    "trips": _RECORDS,
    "users": Kept("a stump stays of a closed account, which its orders name"),
    "vehicle_papers": _SHOP,
    "vehicles": _SHOP,
    "webhook_events": Pruned("90 days after they came, when handled", "platform.forget_webhooks"),
}
