"""Answers to a question of the network: whose they are, and what in them is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.onvif.probe import Match, checked, matches, own_address, probe
from tests.ingest.onvif.responder import ENVELOPE, Responder, said

ASKED = "urn:uuid:asked"


def answered(camera, host="127.0.0.1", asked=ASKED):
    return [match for datagram in said(camera, ASKED) for match in matches(datagram, host, asked)]


def test_a_camera_answers_once_though_it_is_asked_twice(camera):
    there = camera()
    (match,) = probe(0.6)
    assert match == Match(
        host="127.0.0.1", name="Front Door", address=f"http://127.0.0.1:{there.port}/onvif/device_service"
    )


def test_what_answers_another_question_is_not_heard():
    assert answered(Responder(port=80))
    assert answered(Responder(port=80), asked="urn:uuid:other") == []


@pytest.mark.parametrize(
    ("addresses", "said_"),
    [
        ("http://10.0.0.9/onvif", "names another host than 127.0.0.1"),
        ("http://127.0.0.1.evil.example/x", "names another host"),
        ("http://evil@10.0.0.9/x", "names another host"),
        ("http://127.0.0.1@10.0.0.9/x", "names another host"),
        ("http://localhost/x", "names another host"),  # a name may be looked up to anything
        ("https://[::1]/x", "names another host"),
        ("file:///etc/passwd", "is not http"),
        ("ftp://127.0.0.1/x", "is not http"),
        ("gopher://127.0.0.1:70/1", "is not http"),
        ("http://127.0.0.1:99999/x", "is none"),
        ("http://[::1/x", "is none"),
        ("http://127.0.0.1/" + "x" * 600, "is none"),
        ("", "names no address"),
    ],
)
def test_a_camera_speaks_for_itself_only(addresses, said_):
    (match,) = answered(Responder(xaddrs=addresses.replace("{", "{{")))
    assert match.address == ""
    assert said_ in match.refused


def test_of_several_addresses_its_own_is_taken():
    mixed = "http://[fe80::1]/x http://192.168.1.9/x http://127.0.0.1:8080/x"
    assert answered(Responder(xaddrs=mixed))[0].address == "http://127.0.0.1:8080/x"


def test_a_name_is_short_and_prints():
    (match,) = answered(Responder(name="%1b%5b2J" + "x" * 200, port=80))
    assert match.name.isprintable()
    assert 50 < len(match.name) <= 60
    assert answered(Responder(name="%ff%fe", port=80))[0].name.isprintable()


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
SECRET = b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("bad", [LAUGHS, SECRET, b"<!DOCTYPE l>"])
def test_entities_and_documents_of_their_own_are_not_read(bad):
    (honest,) = said(Responder(port=80), ASKED)
    start = honest.index(b"<s:Envelope")
    assert list(matches(honest[:start] + bad + honest[start:], "127.0.0.1", ASKED)) == []


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe<", b"<", b"<a>" * 9000, b"not xml", b"<?xml version='1.0' encoding='x'?><a/>"]
)
def test_what_is_not_xml_is_no_answer(data):
    assert list(matches(data, "127.0.0.1", ASKED)) == []


@given(st.binary(max_size=400))
def test_no_datagram_breaks_it(data):
    for text in (data, ENVELOPE.encode() + data + b"</s:Envelope>"):
        assert list(matches(text, "127.0.0.1", ASKED)) == []


@given(st.lists(st.text(max_size=60), max_size=4))
def test_no_address_breaks_it(addresses):
    try:
        found = own_address(addresses, "127.0.0.1")
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert found.lower().startswith(("http://", "https://"))


def test_addresses_of_one_host_are_one_however_they_are_written():
    assert checked("http://[::0001]/x", "::1")
    assert checked("HTTP://127.0.0.1/x", "127.0.0.1")


def test_a_flood_is_cut_short(camera, monkeypatch):
    monkeypatch.setattr("ingest.onvif.probe.MOST", 5)
    match = b"<d:ProbeMatch><d:XAddrs>http://127.0.0.1:%d/x</d:XAddrs></d:ProbeMatch>"
    flood = b"".join(match % number for number in range(1, 200))
    head = ENVELOPE.encode() + b"<s:Header><a:RelatesTo>{id}</a:RelatesTo></s:Header><s:Body>"
    camera(probe=head + flood + b"</s:Body></s:Envelope>")
    assert len(list(probe(0.6))) == 5
