"""The only place that chooses sinks. What is not chosen is not imported."""

from pathlib import Path
from typing import TYPE_CHECKING

from vidette.errors import ConfigError
from vidette.ports import AlertSink, MediaStore
from vidette.rule_settings import SinkSettings
from vidette.settings import Settings
from workers.delivery.sender import Lane

if TYPE_CHECKING:
    from rules.sinks.composing import Composer

_LEASE_SLACK_S = 20.0  # looking up a name, and what else is outside a try's own time
_DAY_S = 86_400.0


def lanes_of(settings: Settings, media: MediaStore) -> tuple[Lane, ...]:
    """The sinks, each with how long a try may take. Raises ConfigError, which names the sink."""
    names = [said.id for said in settings.sinks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"sinks: {twice[0]!r} is there twice; give each its own id")
    return tuple(lane_of(said, settings, media) for said in settings.sinks)


def lane_of(said: SinkSettings, settings: Settings, media: MediaStore) -> Lane:
    """One sink. Raises ConfigError, which names it."""
    try:
        sink = _sink(said, settings, media)
    except ConfigError as error:
        raise ConfigError(f"sink {said.id!r}: {error}") from error
    return Lane(
        sink=sink,
        lease_s=said.timeout_s + _LEASE_SLACK_S,
        at_once=said.at_once if said.kind == "webhook" else 1,
        give_up_s=said.give_up_days * _DAY_S,
    )


def _sink(said: SinkSettings, settings: Settings, media: MediaStore) -> AlertSink:
    match said.kind:
        case "console":
            from rules.sinks.console import ConsoleSink

            return ConsoleSink(said.id)
        case "jsonl":
            from rules.sinks.jsonl import JsonlSink

            return JsonlSink(said.id, Path(said.path).expanduser())
        case "script":
            from rules.sinks.script import ScriptSink

            compose = composer_of(said, settings, media)
            return ScriptSink(said.id, said.command, timeout_s=said.timeout_s, compose=compose)
        case "webhook":
            return _webhook(said, composer_of(said, settings, media))
        case "mqtt":
            return _mqtt(said, composer_of(said, settings, media))
        case "apprise":
            return _apprise(said, composer_of(said, settings, media), media)


def composer_of(said: SinkSettings, settings: Settings, media: MediaStore) -> "Composer":
    """What composes the messages of a sink: with links where evidence can be fetched. Raises ConfigError.

    A webhook without them has a small picture; others have no room for one, or have it beside the text.
    """
    from rules.sinks.composing import Composer
    from rules.sinks.template import read_template
    from workers.delivery.evidence import linker, thumbnails

    links = linker(settings.alerts)
    template = read_template(Path(said.template).expanduser()) if said.template else None
    pictured = said.kind == "webhook" and links is None
    return Composer(links=links, thumbnail=thumbnails(media) if pictured else None, template=template)


def _webhook(said: SinkSettings, compose: "Composer") -> AlertSink:
    from rules.addresses import networks_of
    from rules.signing import key_of
    from rules.sinks.webhook import WebhookSink

    return WebhookSink(
        said.id,
        said.url,
        [key_of(secret) for secret in (said.secret, said.old_secret) if secret],
        timeout_s=said.timeout_s,
        allow=networks_of(said.allow_networks),
        compose=compose,
    )


def _mqtt(said: SinkSettings, compose: "Composer") -> AlertSink:
    from rules.addresses import networks_of
    from rules.sinks.mqtt import Broker, MqttSink

    broker = Broker.of(said.url, allow=networks_of(said.allow_networks), timeout_s=said.timeout_s)
    return MqttSink(said.id, broker, topic=said.topic, discovery=said.discovery, compose=compose)


def _apprise(said: SinkSettings, compose: "Composer", media: MediaStore) -> AlertSink:
    from rules.addresses import networks_of
    from rules.sinks.apprise import AppriseSink
    from workers.delivery.evidence import thumbnails

    networks_of(said.allow_networks)
    return AppriseSink(
        said.id,
        said.url,
        timeout_s=said.timeout_s,
        allow=said.allow_networks,
        compose=compose,
        thumbnail=thumbnails(media),
    )
