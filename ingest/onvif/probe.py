"""Asking the network which cameras there are: WS-Discovery (OASIS, 2005/04 as ONVIF Core §7 has it) over UDP multicast.

One question a network interface, said twice for UDP may lose it; answers are taken until the time is up. The library
for this does not tell who sent an answer, and an answer may only speak for its sender.
"""

import selectors
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from ingest.onvif.library import parsed

GROUP, PORT = "239.255.255.250", 3702
MOST = 500  # cameras that are heard
_DATAGRAM = 65_535
_LONGEST = 500  # characters of an address
_HOPS = 1
_QUESTION = """<?xml version="1.0" encoding="utf-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:n="http://www.onvif.org/ver10/network/wsdl">
<e:Header><a:MessageID>{id}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>
<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action></e:Header>
<e:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A camera that answered from `host`: where it is asked (`address`), or why it will not be (`refused`)."""

    host: str
    name: str = ""
    address: str = ""
    refused: str = ""


def probe(timeout_s: float) -> Iterator[Match]:
    """Cameras as they answer, each once, for so many seconds; at most MOST."""
    asked = f"urn:uuid:{uuid4()}"
    question = _QUESTION.format(id=asked).encode()
    seen: set[Match] = set()
    with ExitStack() as held, selectors.DefaultSelector() as selector:
        speakers = [held.enter_context(one) for one in _speakers()]
        for one in speakers:
            selector.register(one, selectors.EVENT_READ)
        began = time.monotonic()
        for until in (began + timeout_s / 3, began + timeout_s):
            for one in speakers:
                with suppress(OSError):  # an interface that is down, or that has no multicast
                    one.sendto(question, (GROUP, PORT))
            for data, host in _heard(selector, until):
                for match in matches(data, host, asked):
                    if match not in seen and len(seen) < MOST:
                        seen.add(match)
                        yield match


def _speakers() -> Iterator[socket.socket]:
    """A socket for each network interface."""
    for address, index in interfaces():
        speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            speaker.setblocking(False)
            speaker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _HOPS)
            way = struct.pack("4s4si", b"", socket.inet_aton(address), index)
            speaker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, way)
        except OSError:
            speaker.close()
            continue
        yield speaker


def interfaces() -> list[tuple[str, int]]:
    """This machine's network interfaces: the address to speak from (any: the system chooses) and the number."""
    return [("0.0.0.0", index) for index, _ in socket.if_nameindex()]  # noqa: S104  nothing is bound to it


def _heard(selector: selectors.BaseSelector, until: float) -> Iterator[tuple[bytes, str]]:
    """Datagrams and their senders, until the clock says so."""
    while selector.get_map() and (left := until - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            assert isinstance(key.fileobj, socket.socket)
            with suppress(OSError):
                data, sender = key.fileobj.recvfrom(_DATAGRAM)
                yield data, sender[0]


def matches(data: bytes, host: str, asked: str) -> Iterator[Match]:
    """What a datagram from `host` says of cameras; nothing where it does not answer the question `asked`."""
    try:
        root = parsed(data)
    except ValueError:
        return
    if asked not in _texts(root, "RelatesTo"):
        return
    for match in _named(root, "ProbeMatch"):
        name = _name(" ".join(_texts(match, "Scopes")).split())
        try:
            yield Match(host=host, name=name, address=own_address(" ".join(_texts(match, "XAddrs")).split(), host))
        except ValueError as error:
            yield Match(host=host, name=name, refused=str(error))


def own_address(addresses: list[str], host: str) -> str:
    """The first of a camera's addresses that is HTTP on `host` itself. Raises ValueError, which says what is wrong."""
    said = "it names no address"
    for address in addresses[:8]:
        try:
            return checked(address, host)
        except ValueError as error:
            said = str(error)
    raise ValueError(said)


def checked(address: str, host: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """An address that somebody at `host` gave us. Raises ValueError where it is not one of its own, of these schemes.

    Only numbers are compared: a name may be looked up to anything.
    """
    shown = address[:80]
    if len(address) > _LONGEST or not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError(f"its address {shown!r} is none")
    try:
        parts = urlsplit(address)
        there, known = parts.hostname or "", parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(f"its address {shown!r} is none") from None
    if parts.scheme not in schemes or not known:
        raise ValueError(f"its address {shown!r} is not {schemes[0]}")
    if not _same(there, host):
        raise ValueError(f"its address {shown!r} names another host than {host}")
    return address


def _same(there: str, host: str) -> bool:
    try:
        return ip_address(there) == ip_address(host)
    except ValueError:
        return False


def _name(scopes: list[str]) -> str:
    """What the camera is called, from its scopes (ONVIF Core §7.3.2)."""
    for scope in scopes:
        _, found, name = scope.partition("onvif://www.onvif.org/name/")
        if found:
            return "".join(char if char.isprintable() else " " for char in unquote(name))[:60].strip()
    return ""


def _named(root: Any, name: str) -> Iterator[Any]:
    """The elements of that name, in any namespace: there are two of WS-Discovery."""
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.rpartition("}")[2] == name:
            yield element


def _texts(root: Any, name: str) -> list[str]:
    return [str(element.text or "").strip() for element in _named(root, name)]
