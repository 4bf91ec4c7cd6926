"""Where a webhook may post: a public address, or one in a network that the settings name."""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urlsplit

from vidette.errors import ConfigError, DeliveryError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._:-]+")  # after IDNA, which makes spaces of some letters
_UNICAST = IPv6Network("2000::/3")  # RFC 4291 §2.4: what the IPv6 internet uses
_SPECIAL = (  # by the IANA special-purpose registries, whichever of them this Python's `is_global` knows
    IPv4Network("192.0.0.0/24"),  # RFC 6890: protocol assignments
    IPv6Network("2001::/23"),  # RFC 2928: likewise, Teredo among them
    IPv6Network("2002::/16"),  # RFC 3056: 6to4 holds an IPv4 address, of any kind
    IPv6Network("3fff::/20"),  # RFC 9637: documentation
)
LOCAL: tuple[Network, ...] = (
    *map(IPv4Network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")),
    *map(IPv6Network, ("::1/128", "fc00::/7")),
)
"""This machine and its own networks (RFC 1918, 4193, 6598): for what stands there by its nature, as model servers do."""
_METADATA = frozenset(  # where clouds hand out keys, at link-local, private, shared and public addresses
    ip_address(text) for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL to post to; `path` includes the query, `host` is ASCII without brackets."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """`host` or `host:port` as the Host header has it (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return "https" if self.tls else "http"


def target_of(url: str) -> Target:
    """The parts of a URL. Raises ConfigError for what is no plain http or https URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError) as error:
        raise ConfigError(f"not a URL ({error}); write https://host/path") from None
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host) or port == 0 or not url.isprintable() or " " in url:
        raise ConfigError("not an http or https URL; write https://host/path")
    if "@" in parts.netloc:
        raise ConfigError("a URL with a user or password; the signature proves who sends, take them out")
    query = f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    path = (quote(parts.path, safe=_KEPT) or "/") + query
    return Target(tls=parts.scheme == "https", host=host, port=port or _PORTS[parts.scheme], path=path)


_KEPT = "/%:@!$&'()*+,;=~-._?"


def networks_of(names: Sequence[str]) -> tuple[Network, ...]:
    """Networks by their names (`10.0.0.0/8`, `::1`). Raises ConfigError."""
    try:
        return tuple(ip_network(name, strict=False) for name in names)
    except ValueError as error:
        raise ConfigError(f"allow_networks: {error}; write 192.168.1.0/24") from None


def refused(address: Address) -> str:
    """Why an address is not for webhooks, in a word or two; empty where it is public.

    Kinds by the IANA special-purpose registries as `ipaddress` knows them; IPv6 forms that hold
    an IPv4 address (mapped, 6to4, NAT64) are refused whatever they hold.
    """
    if address in _METADATA:
        return "cloud metadata"
    for word in ("unspecified", "loopback", "link_local", "multicast"):
        if getattr(address, f"is_{word}"):
            return word.replace("_", "-")
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return "special IPv6"
    public = address.is_global and not any(address in network for network in _SPECIAL)
    return "" if public else "private or reserved"


def forbidden(address: Address, allow: Sequence[Network]) -> str:
    """As `refused`, but empty too where a network is named that holds it."""
    return "" if any(address in network for network in allow if _names(network, address)) else refused(address)


def _names(network: Network, address: Address) -> bool:
    return address not in _METADATA or network.num_addresses == 1


def lookup(host: str, port: int) -> list[str]:
    """Every address of a host, as the system resolves it. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def addresses(target: Target, allow: Sequence[Network], resolve: Resolve = lookup) -> tuple[str, ...]:
    """The addresses to connect to: those that the name has now, all of them allowed.

    One that is not refuses the whole name, since a name that mixes them is not to be trusted. Cloud metadata is
    allowed by its own address only, never by a network that holds it.
    Raises DeliveryError.
    """
    try:
        found = [ip_address(text) for text in resolve(target.host, target.port)]
    except (OSError, UnicodeError, ValueError) as error:
        raise DeliveryError(f"cannot look up {target.host!r}: {error}", retryable=True) from error
    for address in found:
        if why := forbidden(address, allow):
            raise DeliveryError(
                f"{target.host!r} is {address}, a {why} address; name its network in `allow_networks` to post there"
            )
    if not found:
        raise DeliveryError(f"{target.host!r} has no address", retryable=True)
    return tuple(map(str, found))
