from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from rules.addresses import LOCAL, addresses, lookup, networks_of, refused, target_of
from vidette.errors import ConfigError, DeliveryError

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
REFUSED = [
    "0.0.0.0", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "192.0.2.1", "198.18.0.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1", "fd00:ec2::254",
    "ff02::1", "2001:db8::1", "2001::1", "4000::1",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text):
    assert refused(ip_address(text)) == ""


@pytest.mark.parametrize("text", REFUSED)
def test_special_addresses_are_refused_with_a_word(text):
    assert refused(ip_address(text))


@given(st.ip_addresses())
def test_what_is_allowed_is_global_unicast(address):
    if not refused(address):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "::/96"]))
def test_no_form_of_ipv6_smuggles_an_ipv4_address(inner, form):
    net = ip_network(form)
    shift = 80 if form == "2002::/16" else 0
    assert refused(IPv6Address(int(net.network_address) | int(inner) << shift))


@given(st.ip_addresses(), st.integers(0, 32))
def test_a_named_network_lets_its_addresses_through_and_no_others(address, length):
    assume(refused(address) != "cloud metadata")
    network = ip_network(f"{address}/{length}", strict=False)
    target = target_of("http://camera.test/")
    assert addresses(target, [network], lambda *_: [str(address)]) == (str(address),)
    other = IPv4Address("127.0.0.1")
    if other not in network:
        with pytest.raises(DeliveryError, match="loopback"):
            addresses(target, [network], lambda *_: [str(address), "127.0.0.1"])


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]"])
def test_other_spellings_of_loopback_are_what_they_are(host):
    with pytest.raises(DeliveryError, match="loopback"):
        addresses(target_of(f"http://{host}/"), (), lookup)


def test_a_name_that_cannot_be_looked_up_may_be_tried_again():
    def unknown(host, port):
        raise OSError(-2, "Name or service not known")

    with pytest.raises(DeliveryError, match=r"'nowhere\.test'") as caught:
        addresses(target_of("https://nowhere.test/"), (), unknown)
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("url", "authority", "port", "path"),
    [
        ("https://example.test", "example.test", 443, "/"),
        ("HTTP://Example.test:80/a b%20c?x=1&y=é".replace("a b", "ab"), "example.test", 80, "/ab%20c?x=1&y=%C3%A9"),
        ("https://example.test:8443/x#part", "example.test:8443", 8443, "/x"),
        ("http://[2001:db8::1]:81/", "[2001:db8::1]:81", 81, "/"),
        ("https://münchen.test/", "xn--mnchen-3ya.test", 443, "/"),
    ],
)
def test_a_url_is_taken_apart(url, authority, port, path):
    target = target_of(url)
    assert (target.authority, target.port, target.path) == (authority, port, path)


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://x.test/", "file:///etc/passwd", "gopher://x/", "//x.test/", "https://", "https:///x", "x.test",
        "http://user:hunter2@x.test/", "http://user@x.test", "http://x.test:0/", "http://x.test:99999/",
        "http://x.test:a/", "http://[::1/", "http://x.test/\r\nHost: y", "http://x .test/", "http://" + "a" * 300 + ".test",
    ],
)  # fmt: skip
def test_what_is_no_plain_url_is_refused_in_one_line_without_its_password(url):
    with pytest.raises(ConfigError) as caught:
        target_of(url)
    assert str(caught.value).isprintable()
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=60))
@example("¯")  # a space and a mark, once it is normalised
def test_any_text_is_a_url_or_an_error(text):
    for url in (text, f"http://{text}", f"http://x.test/{text}"):
        try:
            target = target_of(url)
        except ConfigError:
            continue
        (target.host + target.path).encode("ascii")
        assert not set(target.host + target.path) & set("\r\n\0 ")


@pytest.mark.parametrize("text", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"])
def test_cloud_metadata_is_reached_by_its_own_address_only(text):
    target = target_of("http://keys.test/")
    for wide in (networks_of(["0.0.0.0/0", "::/0"]), LOCAL):
        with pytest.raises(DeliveryError, match="cloud metadata"):
            addresses(target, wide, lambda *_: [text])
    assert addresses(target, networks_of([text]), lambda *_: [text]) == (text,)


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "192.168.1.7", "10.1.2.3", "fd12::7", "100.64.3.4", "1.1.1.1"])
def test_a_model_server_may_stand_here_or_out_there(text):
    assert addresses(target_of("http://model.test/"), LOCAL, lambda *_: [text]) == (text,)


@pytest.mark.parametrize("text", ["169.254.10.1", "fe80::1", "224.0.0.1", "0.0.0.0", "64:ff9b::7f00:1"])
def test_a_model_server_stands_on_no_other_special_address(text):
    with pytest.raises(DeliveryError):
        addresses(target_of("http://model.test/"), LOCAL, lambda *_: [text])


def test_networks_are_read_or_refused():
    assert networks_of(["10.0.0.1/8", "::1"]) == (ip_network("10.0.0.0/8"), ip_network("::1"))
    with pytest.raises(ConfigError, match="allow_networks"):
        networks_of(["10.0.0.0/99"])
