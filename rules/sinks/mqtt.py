"""A sink that publishes to an MQTT broker, where Home Assistant finds it by itself."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rules.addresses import Network, Target, addresses, target_of
from rules.sinks.composing import Composer
from vidette.alerts import Change, Delivery, Sent
from vidette.errors import ConfigError, DeliveryError
from vidette.text import plain

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

_SCHEMES = {"mqtt": ("http", 1883), "mqtts": ("https", 8883)}
_KEEPALIVE_S = 30
_EVENT = (  # a Jinja2 template that Home Assistant fills in: one event a message, its type the change
    "{{ {'event_type': value_json.data.alert.change, 'alert': value_json.data.alert.id,"
    " 'severity': value_json.data.alert.severity, 'text': value_json.data.alert.text,"
    " 'state': value_json.data.alert.state, 'streams': value_json.data.alert.streams} | tojson }}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where a broker is, who we are to it, and how long one try may take."""

    target: Target
    user: str
    password: str = field(repr=False)
    allow: tuple[Network, ...]
    timeout_s: float

    @classmethod
    def of(cls, url: str, *, allow: Sequence[Network] = (), timeout_s: float = 10.0) -> "Broker":
        """The broker of `mqtt[s]://[user:password@]host[:port]`. Raises ConfigError, which does not repeat it."""
        try:
            parts = urlsplit(url)
            scheme, port = _SCHEMES[parts.scheme]
            host = parts.netloc.rpartition("@")[2]
            target = target_of(f"{scheme}://{host if parts.port else f'{host}:{port}'}")
        except (KeyError, ValueError, ConfigError):
            raise ConfigError("not the URL of an MQTT broker; write mqtts://user:password@host:8883") from None
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(target=target, user=user, password=password, allow=tuple(allow), timeout_s=timeout_s)

    def connect(self) -> socket.socket:
        """A connection to one of its addresses, all of which are checked. Raises OSError, DeliveryError."""
        failure: OSError = OSError("no address")
        for address in addresses(self.target, self.allow):
            try:
                return socket.create_connection((address, self.target.port), self.timeout_s)
            except OSError as error:
                failure = error
        raise failure

    @property
    def address(self) -> str:
        """Without user and password."""
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        return f"{'mqtts' if self.target.tls else 'mqtt'}://{host}:{self.target.port}"


class MqttSink:
    """Publishes below `topic`: each message with QoS 1, whether we are there as a retained one.

    Delivered once the broker has acknowledged it. What follows a fault begins with a new connection, so that nothing
    of an earlier try is left in the way.
    """

    def __init__(
        self,
        sink_id: str,
        broker: Broker,
        *,
        topic: str = "vidette",
        discovery: str = "homeassistant",
        compose: Composer | None = None,
    ) -> None:
        self.id, self.address = sink_id, f"{broker.address}/{topic}"
        self._broker, self._topic, self._compose = broker, topic, compose or Composer()
        self._discovery = "" if self._compose.template else discovery  # it could not read what a template makes
        self._client: Client | None = None
        self._announced: set[str] = set()
        self._lock, self._closed = threading.Lock(), False
        _paho()

    def send(self, delivery: Delivery) -> Sent:
        """Publish it once."""
        try:
            text = self._compose(delivery.message).text
        except DeliveryError as error:
            return Sent(ok=False, again=False, error=str(error))
        try:
            client = self._connected()
            self._announce(client, delivery.message.rule)
            self._publish(client, alerts_topic(self._topic, delivery.message.rule), text)
        except (OSError, ValueError, RuntimeError, DeliveryError) as error:
            self._drop()
            return Sent(
                ok=False, error=plain(f"{self._broker.address}: {getattr(error, 'strerror', None) or error}")[:300]
            )
        return Sent(ok=True)

    def close(self) -> None:
        """Say that we are gone, and leave."""
        with self._lock:
            client, self._client, self._closed = self._client, None, True
        if client is not None:
            client.on_message = None
            client.publish(f"{self._topic}/availability", b"offline", qos=0, retain=True)
            client.disconnect()
            client.loop_stop()

    def _connected(self) -> "Client":
        if self._client is not None and self._client.is_connected():
            return self._client
        self._drop()
        client = _connected(self._broker, self.id, f"{self._topic}/availability")
        with self._lock:
            if self._closed:
                client.disconnect()
                client.loop_stop()
                raise OSError("closed")
            self._client, self._announced = client, set()
        self._publish(client, f"{self._topic}/availability", b"online", retain=True)
        client.subscribe(f"{self._topic}/availability", qos=1)
        return client

    def _announce(self, client: "Client", rule: str) -> None:
        """Tell Home Assistant of the rule, once a connection."""
        if self._discovery and rule not in self._announced:
            topic, text = announcement(self.id, self._topic, self._discovery, rule)
            self._publish(client, topic, text, retain=True)
            self._announced.add(rule)

    def _publish(self, client: "Client", topic: str, text: bytes, *, retain: bool = False) -> None:
        told = client.publish(topic, text, qos=1, retain=retain)
        told.wait_for_publish(self._broker.timeout_s)
        if not told.is_published():
            raise TimeoutError(f"not acknowledged within {self._broker.timeout_s:g} s")

    def _drop(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()


def alerts_topic(topic: str, rule: str) -> str:
    """Where messages of a rule are published; no text can name another topic."""
    return f"{topic}/alerts/{_word(rule)}"


def announcement(sink: str, topic: str, discovery: str, rule: str) -> tuple[str, bytes]:
    """Topic and text that tell Home Assistant of a rule, as an event entity of one device a sink.

    home-assistant.io/integrations/mqtt/#mqtt-discovery and home-assistant.io/integrations/event.mqtt
    """
    name, device = f"vidette_{_word(sink)}_{_word(rule)}", f"vidette_{_word(sink)}"
    said = {
        "name": rule,
        "unique_id": name,
        "state_topic": alerts_topic(topic, rule),
        "event_types": [str(change) for change in Change],
        "value_template": _EVENT,
        "availability_topic": f"{topic}/availability",
        "qos": 1,
        "device": {"identifiers": [device], "name": f"Vidette {sink}", "manufacturer": "Vidette"},
        "origin": {"name": "Vidette"},
    }
    return f"{discovery}/event/{device}/{_word(rule)}/config", json.dumps(said).encode()


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:80]


def _paho() -> "type[Client]":
    try:
        from paho.mqtt.client import Client
    except ImportError:
        raise ConfigError("kind mqtt needs paho-mqtt; install it: pip install 'vidette[sinks]'") from None
    return Client


def _connected(broker: Broker, sink: str, availability: str) -> "Client":
    """A client that the broker has let in. Raises OSError, DeliveryError."""
    import uuid

    from paho.mqtt.enums import CallbackAPIVersion

    class Guarded(_paho()):  # type: ignore[misc]  # mypy knows no base class that is the value of a call
        """Connects to addresses that were checked."""

        def _create_socket_connection(self) -> socket.socket:
            return broker.connect()

    client: Client = Guarded(
        CallbackAPIVersion.VERSION2, f"vidette-{sink}-{uuid.uuid4().hex[:8]}", reconnect_on_failure=False
    )
    client.connect_timeout = broker.timeout_s
    client.will_set(availability, b"offline", qos=1, retain=True)
    client.on_message = _still_here
    if broker.user:
        client.username_pw_set(broker.user, broker.password)
    if broker.target.tls:
        client.tls_set_context(ssl.create_default_context())
    _let_in(client, broker)
    return client


def _still_here(client: "Client", _data: object, message: "MQTTMessage") -> None:
    """Another process that told of the same sink has gone: we have not."""
    if message.payload == b"offline":
        client.publish(message.topic, b"online", qos=1, retain=True)


def _let_in(client: "Client", broker: Broker) -> None:
    answered, said = threading.Event(), list[str]()

    def hear(_client: object, _data: object, _flags: object, reason: object, _more: object) -> None:
        if getattr(reason, "is_failure", False):
            said.append(f"the broker says: {reason}")
        answered.set()

    client.on_connect = hear
    client.connect(broker.target.host, broker.target.port, keepalive=_KEEPALIVE_S)
    client.loop_start()
    if not answered.wait(broker.timeout_s):
        said.append(f"no answer within {broker.timeout_s:g} s")
    if said:
        client.loop_stop()
        raise OSError(said[0])
