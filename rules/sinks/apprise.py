"""A sink for what Apprise knows: mail, chats, push services; one URL a sink, one process a message."""

import base64
import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from rules.sinks.composing import Composed, Composer, Thumbnail
from rules.sinks.message import MAX_THUMBNAIL, sentence
from rules.sinks.script import ScriptSink
from vidette.alerts import Alert, Delivery, Sent
from vidette.errors import ConfigError

_LONGEST = 4_000  # characters that most services take


class AppriseSink:
    """Hands each message to one service; delivered once that has taken it, tried again where it has not.

    The URL, which holds passwords and tokens, goes over a pipe: no process list and no message shows it.
    """

    def __init__(
        self,
        sink_id: str,
        url: str,
        *,
        timeout_s: float,
        allow: Sequence[str] = (),
        compose: Composer | None = None,
        thumbnail: Thumbnail | None = None,
    ) -> None:
        kind = url.partition("://")[0]
        if not kind.isascii() or not kind.isalnum() or "://" not in url:
            raise ConfigError("not a URL of Apprise; see github.com/caronc/apprise/wiki for its kinds")
        if find_spec("apprise") is None:
            raise ConfigError("kind apprise needs Apprise; install it: pip install 'vidette[sinks]'")
        self.id = sink_id
        self.address = f"{kind}://…{sha256(url.encode('utf-8', 'replace')).hexdigest()[:8]}"
        self._url, self._allow = url, tuple(allow)
        self._compose, self._thumbnail = compose or Composer(), thumbnail
        command = [sys.executable, "-m", "rules.sinks.apprised"]
        self._script = ScriptSink(sink_id, command, timeout_s=timeout_s, compose=self._composed, folder=_ROOT)

    def send(self, delivery: Delivery) -> Sent:
        """Run it once."""
        return self._script.send(delivery)

    def close(self) -> None:
        """Kill what is running."""
        self._script.close()

    def _composed(self, alert: Alert) -> Composed:
        """What the process reads: title, text, picture."""
        said = {"url": self._url, "allow": self._allow, "title": f"{alert.severity.upper()}: {alert.rule}"}
        said["body"] = words(alert, self._compose)
        picture = self._thumbnail(alert) if self._thumbnail else None
        if picture and len(picture) <= MAX_THUMBNAIL:
            said["picture"] = base64.b64encode(picture).decode()
        return Composed(media_type="application/json", text=json.dumps(said).encode())


def words(alert: Alert, compose: Composer) -> str:
    """What people read: by the template, else a sentence, why, and links. Raises DeliveryError as the composer does."""
    if compose.template:
        return compose(alert).text.decode()
    links = compose.links(alert) if compose.links else ()
    return "\n".join((sentence(alert), *(f"- {one}" for one in alert.why), *links))[:_LONGEST]


_ROOT = Path(__file__).resolve().parents[2]
