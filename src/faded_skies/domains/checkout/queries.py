"""The cart in Valkey: a hash `cart:{userId}` of product id → quantity and time, and the cart's own id.

Each change is one script, so two tabs never lose each other's work. A cart that nobody touches ends after 30 days.
"""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import orjson

from faded_skies.domains.checkout.models import Cart, CartLine
from faded_skies.platform import clock
from faded_skies.platform.ids import new_id
from faded_skies.platform.valkey import Valkey

KEPT_SECONDS = 30 * 24 * 3600

# KEYS cart; ARGV product, change ('+n' adds, 'n' sets), most, now, a new cart id, seconds kept. Answers the whole
# cart, or the quantity that would have been too many.
_CHANGE = """
local line = redis.call('HGET', KEYS[1], ARGV[1])
local old = line and cjson.decode(line) or nil
local quantity = tonumber(ARGV[2])
if string.sub(ARGV[2], 1, 1) == '+' then quantity = quantity + (old and old.quantity or 0) end
if quantity > tonumber(ARGV[3]) then return quantity end
if quantity <= 0 then
    redis.call('HDEL', KEYS[1], ARGV[1])
    if redis.call('HLEN', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end
else
    redis.call('HSET', KEYS[1], ARGV[1], cjson.encode({quantity = quantity, addedAt = old and old.addedAt or ARGV[4]}))
    redis.call('HSETNX', KEYS[1], 'id', ARGV[5])
    redis.call('EXPIRE', KEYS[1], ARGV[6])
end
return redis.call('HGETALL', KEYS[1])
"""

# KEYS cart; ARGV the cart's id, a new id, then product and quantity in turn. Takes what was ordered; what another
# tab put in meanwhile stays, as a new cart.
_TAKE = """
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 2 do
    local line = redis.call('HGET', KEYS[1], ARGV[i])
    if line then
        local kept = cjson.decode(line)
        kept.quantity = kept.quantity - tonumber(ARGV[i + 1])
        if kept.quantity > 0 then redis.call('HSET', KEYS[1], ARGV[i], cjson.encode(kept))
        else redis.call('HDEL', KEYS[1], ARGV[i]) end
    end
end
if redis.call('HLEN', KEYS[1]) == 1 then redis.call('DEL', KEYS[1])
else redis.call('HSET', KEYS[1], 'id', ARGV[2]) end
return 1
"""


def _key(user_id: UUID) -> str:
    return f"cart:{user_id}"


def _cart(fields: Mapping[bytes, bytes]) -> Cart:
    lines = []
    cart_id = None
    for name, value in fields.items():
        if name == b"id":
            cart_id = UUID(value.decode())
        else:
            line = orjson.loads(value)
            lines.append(CartLine(UUID(name.decode()), int(line["quantity"]), line["addedAt"]))
    lines.sort(key=lambda line: (line.added_at, line.product_id))
    return Cart(cart_id if lines else None, lines)


async def get_cart(valkey: Valkey, user_id: UUID) -> Cart:
    return _cart(cast("Mapping[bytes, bytes]", await valkey.hgetall(_key(user_id))))


async def change_line(
    valkey: Valkey, user_id: UUID, product_id: UUID, *, change: str, most: int
) -> Cart | int:
    """Add ('+2') or set ('2') a quantity and return the cart, or the quantity that would be more than `most`."""
    added_at = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answer: Any = await valkey.eval(
        _CHANGE, 1, _key(user_id), str(product_id), change, most, added_at, str(new_id()), KEPT_SECONDS
    )
    if isinstance(answer, int):
        return answer
    return _cart(dict(zip(answer[::2], answer[1::2], strict=True)))


async def take_cart(valkey: Valkey, user_id: UUID, cart_id: UUID, taken: dict[UUID, int]) -> None:
    """Empty the cart of what was ordered, if it still is the cart that was ordered."""
    pairs = [part for product_id, quantity in taken.items() for part in (str(product_id), quantity)]
    await valkey.eval(_TAKE, 1, _key(user_id), str(cart_id), str(new_id()), *pairs)


async def delete_cart(valkey: Valkey, user_id: UUID) -> None:
    await valkey.delete(_key(user_id))
