import base64
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from rules.signing import key_of, link_holds, sign, sign_link, verify
from tests.telling import KEY, SECRET
from vidette.errors import ConfigError, DeliveryError

NOW = datetime.now(UTC)
STAMP = int(NOW.timestamp())
IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
KEYS = st.binary(min_size=24, max_size=64)


def test_a_secret_holds_its_key():
    assert key_of(SECRET) == KEY
    assert key_of(SECRET.rstrip("=")) == KEY


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "hunter2", SECRET.removeprefix("whsec_"), "whsec_" + "é" * 40, "whsec_aHVudGVyMg==",
     "whsec_" + base64.b64encode(b"x" * 65).decode(), "whsec_****" + "A" * 40],
)  # fmt: skip
def test_what_is_no_secret_is_refused_and_not_repeated(secret):
    with pytest.raises(ConfigError, match="openssl rand") as caught:
        key_of(secret)
    assert not secret or secret == "whsec_" or secret not in str(caught.value)


@given(IDS, st.text(st.characters(codec="utf-8"), max_size=200), KEYS, KEYS)
def test_the_reference_library_takes_our_signatures_with_either_secret(message_id, text, key, old):
    webhook = standardwebhooks.Webhook
    body, stamp = text.encode(), int(datetime.now(UTC).timestamp())  # that library has a clock of its own
    signatures = sign([key, old], message_id, stamp, body)
    headers = {"webhook-id": message_id, "webhook-timestamp": str(stamp), "webhook-signature": signatures}
    for one in (key, old):
        webhook(b"" + one).verify(body, headers, json_parse=False)
    assert webhook(key).sign(message_id, datetime.fromtimestamp(stamp, UTC), text) == signatures.split(" ")[0]


@given(IDS, st.binary(max_size=200), KEYS, KEYS, st.integers(-300, 300))
def test_what_is_signed_is_verified_by_either_key(message_id, body, key, old, skew):
    signatures = sign([key, old], message_id, STAMP, body)
    for one in (key, old):
        verify([one], message_id, str(STAMP), signatures, body, now=STAMP + skew)


@given(IDS, st.binary(max_size=50), KEYS, st.integers(0, 5))
def test_anything_changed_is_refused(message_id, body, key, which):
    given_ = {"message_id": message_id, "timestamp": str(STAMP), "signatures": sign([key], message_id, STAMP, body)}
    given_ |= {"body": body, "keys": [key], "now": STAMP}
    changed = [
        {"body": body + b" "}, {"message_id": message_id + "x"}, {"keys": [key + b"x"]}, {"now": STAMP + 301},
        {"timestamp": str(STAMP + 1)}, {"signatures": given_["signatures"].replace("v1,", "v2,")},
    ][which]  # fmt: skip
    values = given_ | changed
    with pytest.raises(DeliveryError):
        verify(values.pop("keys"), values.pop("message_id"), values.pop("timestamp"), values.pop("signatures"),
               values.pop("body"), now=values.pop("now"))  # fmt: skip


@given(st.text(max_size=30), st.text(max_size=60))
def test_garbage_headers_are_refused(timestamp, signatures):
    with pytest.raises(DeliveryError):
        verify([KEY], "id", timestamp, signatures, b"", now=STAMP)


def test_a_link_holds_until_it_expires_for_its_own_file():
    signature = sign_link(KEY, "ab.jpg", STAMP)
    assert link_holds(KEY, "ab.jpg", STAMP, signature, now=STAMP - 1)
    assert not link_holds(KEY, "ab.jpg", STAMP, signature, now=STAMP)
    assert not link_holds(KEY, "ab.jpg", STAMP + 9, signature, now=STAMP)
    assert not link_holds(KEY, "cd.jpg", STAMP, signature, now=STAMP - 1)
    assert not link_holds(b"other" * 8, "ab.jpg", STAMP, signature, now=STAMP - 1)
