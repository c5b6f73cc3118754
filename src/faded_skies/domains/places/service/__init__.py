"""The shop, where it delivers, where people live, and addresses as they are typed; one file each."""

from faded_skies.domains.places.models import (
    Address,
    AddressFields,
    BarredPlace,
    Offer,
    Pin,
    Position,
    Reach,
    ServiceArea,
    Shop,
)
from faded_skies.domains.places.rules.shapes import Circle, Polygon, geojson_of, polygon_of
from faded_skies.domains.places.service.addresses import (
    add_address,
    addresses_of,
    change_address,
    get_address_for,
    locate,
    locate_change,
    remove_address,
    snapshot,
)
from faded_skies.domains.places.service.area_keeping import (
    DrawnArea,
    change_area,
    list_all_areas,
    take_areas,
    wrong_shapes,
)
from faded_skies.domains.places.service.areas import (
    add_area,
    areas,
    change_shop,
    get_shop,
    offer_at,
    open_shop,
    reach,
)
from faded_skies.domains.places.service.barred import bar, kinds_at, list_barred, unbar
from faded_skies.domains.places.service.held import erase, held_on
from faded_skies.domains.places.service.maps import find, middle_of, suggest

__all__ = [
    "Address",
    "AddressFields",
    "BarredPlace",
    "Circle",
    "DrawnArea",
    "Offer",
    "Pin",
    "Polygon",
    "Position",
    "Reach",
    "ServiceArea",
    "Shop",
    "add_address",
    "add_area",
    "addresses_of",
    "areas",
    "bar",
    "change_address",
    "change_area",
    "change_shop",
    "erase",
    "find",
    "geojson_of",
    "get_address_for",
    "get_shop",
    "held_on",
    "kinds_at",
    "list_all_areas",
    "list_barred",
    "locate",
    "locate_change",
    "middle_of",
    "offer_at",
    "open_shop",
    "polygon_of",
    "reach",
    "remove_address",
    "snapshot",
    "suggest",
    "take_areas",
    "unbar",
    "wrong_shapes",
]
