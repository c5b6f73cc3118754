"""Stock, taken by an order in its transaction and given back once, and the lots behind it."""

from faded_skies.domains.inventory.models import Lab, Lot, LotMovement, NewLot, Package, Scan, Traced, Wanted
from faded_skies.domains.inventory.rules import LabResult, LotStatus
from faded_skies.domains.inventory.service.lots import (
    adjust,
    expire,
    get_lot,
    list_lot_movements,
    list_lots,
    receive,
    set_lab,
    set_status,
    trace,
)
from faded_skies.domains.inventory.service.packing import (
    check_packed,
    list_packages,
    lock_packed,
    missing_units,
    pack,
    unpack,
)
from faded_skies.domains.inventory.service.stock import (
    exchange,
    open_stock,
    out_of_stock,
    release,
    reserve,
    restock,
    restock_part,
    write_off,
)

__all__ = [
    "Lab",
    "LabResult",
    "Lot",
    "LotMovement",
    "LotStatus",
    "NewLot",
    "Package",
    "Scan",
    "Traced",
    "Wanted",
    "adjust",
    "check_packed",
    "exchange",
    "expire",
    "get_lot",
    "list_lot_movements",
    "list_lots",
    "list_packages",
    "lock_packed",
    "missing_units",
    "open_stock",
    "out_of_stock",
    "pack",
    "receive",
    "release",
    "reserve",
    "restock",
    "restock_part",
    "set_lab",
    "set_status",
    "trace",
    "unpack",
    "write_off",
]
