"""The address of a broker: what may be one, and why another may not; no password in what is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidette.cluster_settings import broker_address
from vidette.configuration import examine, problems
from vidette.errors import ConfigError

GOOD = [
    "",
    "redis://localhost",
    "redis://localhost:6379/0",
    "redis://:p%2Fw%40@10.0.0.1/15",
    "redis://user:secret@[::1]:6379/0",
    "rediss://host:6380/0?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=required",
    "unix:///run/redis/redis.sock",
    "unix://:secret@/run/redis.sock?db=3",
]
BAD = {
    "amqp://u:secret@host": "no broker speaks 'amqp://'; choices: redis://host:6379/0, rediss://",
    "host:6379": "no broker speaks|that is no address",
    "localhost": "that is no address; choices",
    "redis:host": "that is no address; choices",
    "redis://:sec/ret@host": "in a password write / as %2F",
    "redis://host:0": "no address",
    "redis://host:99999": "no address",
    "redis://": "the host is missing",
    "redis:///0": "the host is missing",
    "redis://host/secret": "the database is a number",
    "redis://host?db=1": "unknown 'db' after `\\?`",
    "redis://host/0?socket_timeout=secret": "unknown 'socket_timeout'",
    "redis://host/0#secret": "write %23 in a password",
    "unix://run/redis.sock": "three slashes",
    "unix://": "three slashes",
    "unix:///run/redis.sock?db=x": "the database is a number",
    "redis://host;redis://other": "no spaces, control",
    "redis://ho st": "no spaces",
    "redis://host\n": "no spaces",
    "redis://höst": "beyond ASCII",
}


@pytest.mark.parametrize("address", GOOD)
def test_what_may_be_a_broker(address):
    assert broker_address(address) == address


@pytest.mark.parametrize(("address", "said"), BAD.items())
def test_what_may_not_and_why(address, said):
    with pytest.raises(ValueError, match=said) as caught:
        broker_address(address)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=60) | st.builds("redis://{}".format, st.text(max_size=40)))
def test_any_text_is_an_address_or_an_error(text):
    try:
        assert broker_address(text) == text
    except ValueError as error:
        assert "\n" not in str(error)


def test_a_wrong_one_is_said_with_its_place_and_hidden(tmp_path):
    file = tmp_path / "vidette.yml"
    file.write_text("db: x.db\nbroker: amqp://u:secret@host\n")
    (said,) = problems(file, {})
    assert said.startswith(f"{file}:2: broker is ***: no broker speaks 'amqp://'; choices: redis://host:6379/0,")
    with pytest.raises(ConfigError) as caught:
        examine(None, {"VIDETTE_BROKER": "redis://:sec/ret@host"})
    assert str(caught.value).startswith("environment VIDETTE_BROKER: broker is ***: that is no address")
