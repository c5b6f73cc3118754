"""Export and closing on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from faded_skies.platform.http.fields import Body, Line, Shape, Text

Record = dict[str, Any]


class CloseAccount(Body, json_schema_extra={"examples": [{"password": "Demo-Skies-42!"}]}):
    """`password` by whoever has one, the others sign in again just before; `code` by whoever has a second factor."""

    password: Annotated[Text, Field(min_length=1, max_length=1024)] | None = None
    code: Annotated[Line, Field(max_length=64)] | None = None


class ExportShape(Shape):
    """Everything held on a person. Each list holds records as they are kept, without secrets; times are UTC."""

    exported_at: datetime
    profile: Record
    cart: list[Record]
    sessions: list[Record]
    mailed_links: list[Record]
    second_factors: list[Record]
    passkeys: list[Record]
    identities: list[Record]
    invitations: list[Record]
    id_verifications: list[Record] = Field(description="How each went; no pictures, no document numbers.")
    addresses: list[Record] = Field(description="Deleted ones too, which old orders refer to.")
    orders: list[Record]
    handovers: list[Record]
    law_decisions: list[Record] = Field(
        description="What the law was asked of the person's orders, and answered."
    )
    driver_shifts: list[Record]
    driver_drawers: list[Record]
    driver_stops: list[Record]
    driver_refusals: list[Record]
    driver_dispatches: list[Record]
    driver_positions: list[Record]
    driver_trips: list[Record]
    driver_log: list[Record]
    driver_papers: list[Record]
    driver_profile: list[Record]
    payment_methods: list[Record]
    payments: list[Record]
    disputes: list[Record]
    refunds: list[Record]
    coins: list[Record]
    reviews: list[Record]
    devices: list[Record]
    messages: list[Record] = Field(description="What was written to the person; of a mail its subject.")
    notifications: list[Record] = Field(description="What the app's own list has.")
    notification_choices: list[Record]
    quiet_hours: list[Record]
    promotion_consents: list[Record] = Field(description="Each consent to promotions, and how it ended.")
    promotions: list[Record] = Field(description="Which promotions the person got, and opened.")
    analytics_consents: list[Record] = Field(description="Each consent to be counted, and how it ended.")
    analytics_events: list[Record] = Field(description="What the apps told of visits, and purchases.")
    support_tickets: list[Record] = Field(
        description="Conversations with support, with what both sides wrote."
    )
    support_uploads: list[Record] = Field(description="When pictures were sent to support; not the pictures.")
    activity: list[Record] = Field(description="What the person did, as the audit log has it.")
