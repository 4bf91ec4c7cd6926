"""A real server that speaks TLS with a certificate of our own authority, and asks for a name and a password."""

import shutil
import subprocess

import pytest

from graph.neo4j import Neo4jStore
from tests.graph_stores import command, free_port, started
from vidette.errors import ConfigError, StoreError
from vidette.queries import Streams

PASSWORD = "correct horse battery"
_SETTINGS = """
dbms.security.auth_enabled=true
server.bolt.tls_level=REQUIRED
dbms.ssl.policy.bolt.enabled=true
dbms.ssl.policy.bolt.base_directory={folder}
dbms.ssl.policy.bolt.private_key=server.key
dbms.ssl.policy.bolt.public_certificate=server.pem
dbms.ssl.policy.bolt.client_auth=NONE
"""


def openssl(folder, *said):
    subprocess.run(["openssl", *said], cwd=folder, check=True, capture_output=True)


def certify(folder):
    """An authority, the server's certificate by it, and another authority that has nothing to do with it."""
    for name in ("ca", "other"):
        openssl(
            folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(folder, "genpkey", "-algorithm", "RSA", "-out", "server.key")
    openssl(folder, "req", "-new", "-key", "server.key", "-subj", "/CN=memory", "-out", "server.csr")
    openssl(
        folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "2", "-extfile", "names", "-out", "server.pem",
    )  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(host and port, folder of certificates) of a server."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not on this machine")
    folder, home, port = tmp_path_factory.mktemp("tls"), tmp_path_factory.mktemp("neo4j"), free_port()
    certify(folder)
    (folder / "neo4j.conf").write_text(_SETTINGS.format(folder=folder))
    server = started(command(str(home), port, str(folder / "neo4j.conf"), PASSWORD))
    yield f"127.0.0.1:{port}", folder
    server.kill()
    server.communicate()


def opened(served, scheme, *, ca="", password=PASSWORD):
    where, folder = served
    return Neo4jStore(f"{scheme}://{where}", "neo4j", password, ca=str(folder / ca) if ca else "")


@pytest.mark.parametrize("scheme", ["bolt+s", "neo4j+s"])
def test_a_server_is_trusted_by_the_authority_in_a_file(served, scheme):
    store = opened(served, scheme, ca="ca.pem")
    assert store.read(Streams()) == []
    store.close()


def test_or_by_nobody_where_that_is_asked_for(served):
    store = opened(served, "bolt+ssc")
    assert store.read(Streams()) == []
    store.close()


@pytest.mark.parametrize("scheme", ["bolt+s", "neo4j+s"])
@pytest.mark.parametrize("ca", ["", "other.pem"])
def test_a_certificate_of_nobody_who_is_trusted_is_one_line(served, scheme, ca):
    with pytest.raises(
        StoreError, match=r"certificate is not trusted \(.*\); name its authority's file in neo4j.ca"
    ) as no:
        opened(served, scheme, ca=ca)
    assert "\n" not in str(no.value)
    assert not no.value.retryable


@pytest.mark.parametrize("scheme", ["bolt+ssc", "neo4j+ssc"])
def test_a_wrong_password_is_one_line_without_it(served, scheme):
    with pytest.raises(StoreError, match="refuses the name or password; set neo4j") as no:
        opened(served, scheme, password="guessed wrong")
    assert "guessed" not in str(no.value)
    assert "\n" not in str(no.value)
    assert not no.value.retryable


def test_plain_words_to_a_server_that_wants_them_hidden_are_one_line(served):
    with pytest.raises(StoreError) as no:
        opened(served, "bolt")
    assert "\n" not in str(no.value)


@pytest.mark.parametrize(
    ("scheme", "ca", "said"),
    [("bolt+ssc", "ca.pem", r"neo4j.ca goes with bolt\+s"), ("bolt", "ca.pem", "goes with"), ("bolt+s", "no.pem", "is no file")],
)  # fmt: skip
def test_an_authority_that_cannot_be_used_is_said_before_anybody_is_asked(served, scheme, ca, said):
    with pytest.raises(ConfigError, match=said):
        opened(served, scheme, ca=ca)


def test_a_file_that_is_no_certificate_is_one_line(served):
    (served[1] / "notes.pem").write_text("buy milk")
    with pytest.raises(ConfigError, match=r"neo4j.ca.*holds no certificate") as no:
        opened(served, "bolt+s", ca="notes.pem")
    assert "\n" not in str(no.value)
