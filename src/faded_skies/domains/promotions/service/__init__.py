"""What can be done with promotions; one file each."""

from faded_skies.domains.promotions.models import ChannelCounts, Promotion, Reach, State, Words
from faded_skies.domains.promotions.rules import Segment
from faded_skies.domains.promotions.service.drafting import (
    change_draft,
    count_reach,
    create_draft,
    delete_draft,
    get_promotion,
    list_promotions,
    preview,
)
from faded_skies.domains.promotions.service.held import erase, held_on
from faded_skies.domains.promotions.service.running import (
    Sending,
    count_channels,
    send_batches,
    start,
    start_due,
    stop,
)
from faded_skies.domains.promotions.service.showing import open_promotion

__all__ = [
    "ChannelCounts",
    "Promotion",
    "Reach",
    "Segment",
    "Sending",
    "State",
    "Words",
    "change_draft",
    "count_channels",
    "count_reach",
    "create_draft",
    "delete_draft",
    "erase",
    "get_promotion",
    "held_on",
    "list_promotions",
    "open_promotion",
    "preview",
    "send_batches",
    "start",
    "start_due",
    "stop",
]
