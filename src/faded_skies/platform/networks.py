"""Addresses of the internet and the networks they lie in, as settings and requests write them."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MOST_CHARACTERS = 64
_NEIGHBOURS = (
    64  # bits: what one IPv6 customer has at least, so whoever has one address of it has them all (RFC 6177)
)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read addresses and CIDR networks with commas between them. Raises ValueError with a sentence."""
    networks: list[Network] = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            network = ip_network(part)
        except ValueError:
            raise ValueError(
                f"{part[:_MOST_CHARACTERS]} is no address or network; write for example 10.0.0.5 or 10.0.0.0/24"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(
                f"{part} is everybody, and everybody could then claim any address; name your proxies"
            )
        networks.append(network)
    return tuple(networks)


def find_address(text: str) -> Address | None:
    """Read an address; None for whatever is none. An IPv4 address in IPv6 clothes (::ffff:192.0.2.1) is IPv4."""
    if len(text) > _MOST_CHARACTERS:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.scope_id is not None:  # fe80::1%eth0: behind % stands any text
            return None
    return address


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """Return what limits are counted by: the address itself, of IPv6 its /64 network."""
    found = find_address(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _NEIGHBOURS), strict=False))
    return address if found is None else str(found)
