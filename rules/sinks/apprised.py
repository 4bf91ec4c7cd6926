"""`python -m rules.sinks.apprised`: hands one message to a service by Apprise, in a process of its own.

Apprise opens connections by many libraries, without a limit on their time and without a look at where they lead. Here
a process has a time limit (ScriptSink), and every connection that Python makes is looked at before it is made
(docs.python.org/3/library/audit_events.html).
"""

import base64
import binascii
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from rules.addresses import Network, forbidden, networks_of

_SECRET = 4  # characters from which a part of a URL is taken for one


class Guard:
    """An audit hook that refuses connections to addresses that are not public and not named."""

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = tuple(allow)

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        """Raises PermissionError."""
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            self._look(given[1])
        elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
            raise PermissionError("a service that runs programs")

    def _look(self, address: Any) -> None:
        if address is None:  # of a socket that is connected
            return
        try:
            found = ip_address(address[0])
        except (ValueError, TypeError, IndexError):
            raise PermissionError(f"{str(address)[:80]!r} is no address") from None
        if why := forbidden(found, self._allow):
            raise PermissionError(f"{found} is a {why} address; name its network in `allow_networks`")


class _Heard(logging.Handler):
    """What Apprise says of a fault."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text."""
        self.said.append(record.getMessage())


def deliver(said: dict[str, Any], tell: Callable[[str], object]) -> int:
    """Send `{url, title, body, picture?}`; -> exit code. `tell` has a line for a fault, without what is secret."""
    import apprise

    heard, log = _Heard(), logging.getLogger("apprise")
    log.addHandler(heard)
    log.propagate = False
    service = apprise.Apprise.instantiate(said["url"], asset=apprise.AppriseAsset(http_redirects=False))
    if service is None:
        tell("Apprise does not know this URL, or lacks a part of it; see github.com/caronc/apprise/wiki")
        return 2
    service.redirects = False  # whatever the URL asks for
    with tempfile.TemporaryDirectory() as folder:
        picture = _attached(said.get("picture", ""), Path(folder))
        ok = service.notify(
            body=said["body"], title=said["title"], attach=picture if service.attachment_support else None
        )
    if not ok:
        tell(hidden(" | ".join(heard.said[-2:]) or "it was not taken", said["url"]))
    return 0 if ok else 1


def _attached(picture: str, folder: Path) -> str | None:
    """A file with the picture (base64 of a JPEG), as long as the folder is there."""
    try:
        data = base64.b64decode(picture, validate=True)
    except binascii.Error:
        return None
    if not data:
        return None
    path = folder / "snapshot.jpg"
    path.write_bytes(data)
    return str(path)


def hidden(text: str, url: str) -> str:
    """The text without the parts of a URL that may be secret, which are all but its scheme."""
    from vidette.log import redact

    rest = url.partition("://")[2]
    for sign in "/:@?&=,":
        rest = rest.replace(sign, " ")
    for part in sorted(set(rest.split()), key=len, reverse=True):
        text = text.replace(part, "***") if len(part) >= _SECRET else text
    return redact(text)[:400]


def main() -> int:
    """Read the message from stdin, send it; -> exit code."""
    said = json.loads(sys.stdin.buffer.read())
    sys.addaudithook(Guard(networks_of(said["allow"])))
    return deliver(said, lambda text: sys.stdout.write(text + "\n"))


if __name__ == "__main__":
    sys.exit(main())
