"""A camera of our own on loopback; nothing is asked on any other network."""

import socket
from contextlib import ExitStack

import pytest

from ingest.onvif import probe
from tests.ingest.onvif.responder import Responder, responding


@pytest.fixture
def camera(monkeypatch):
    """`camera(name=…, …)` is there, and asked where others would be."""
    monkeypatch.setattr(probe, "interfaces", lambda: [("127.0.0.1", socket.if_nametoindex("lo"))])
    with ExitStack() as stack:

        def begin(**said):
            there = stack.enter_context(responding(Responder(**said)))
            monkeypatch.setattr(probe, "PORT", there.discovery_port)
            return there

        yield begin
