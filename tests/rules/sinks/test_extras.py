"""Without the extra `sinks` everything else works, and one line says what is missing."""

import sys

import pytest

from rules.sinks.apprise import AppriseSink
from rules.sinks.mqtt import Broker, MqttSink
from rules.sinks.template import Template
from vidette.errors import ConfigError


@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("jinja2", lambda: Template("x")),
        ("paho.mqtt.client", lambda: MqttSink("ops", Broker.of("mqtt://x.test"))),
        ("apprise", lambda: AppriseSink("ops", "json://x.test", timeout_s=5)),
    ],
)
def test_what_is_not_installed_is_named_with_how_to_install_it(module, make, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"pip install 'vidette\[sinks\]'"):
        make()
