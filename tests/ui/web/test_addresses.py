"""Which addresses are pages of the public web, however they are spelled, and which machines are never asked."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import FetchError
from ui.web.addresses import PUBLIC, Reach, is_public

INSIDE = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
    "::/128", "::1/128", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32",
    "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
    "fec0::/10", "ff00::/8",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("network", INSIDE)
@given(data=st.data())
def test_no_address_of_a_special_network_is_public(network: str, data: st.DataObject) -> None:
    kind = IPv6Network if ":" in network else IPv4Network
    assert not is_public(data.draw(st.ip_addresses(network=kind(network))))


@given(st.ip_addresses(v=4))
def test_no_address_of_ipv4_gets_in_dressed_as_one_of_ipv6(place: IPv4Address) -> None:
    number = int(place)
    for high, low in ((0xFFFF << 32, 0), (0, 0), (0x64FF9B << 96, 0), (0x2002 << 112, 80), (0x20010000 << 96, 0)):
        assert not is_public(IPv6Address(high | number << low))


@given(st.ip_addresses())
def test_what_is_public_is_global_and_asked_by_nobody_in_particular(place: IPv4Address | IPv6Address) -> None:
    if is_public(place):
        assert place.is_global
        assert not (place.is_private or place.is_loopback or place.is_link_local or place.is_multicast)
        assert not (place.is_reserved or place.is_unspecified)


@pytest.mark.parametrize("place", ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700::6810:84e5", "2a00:1450:4001::8"])
def test_machines_of_the_web_are_public(place: str) -> None:
    assert is_public(ip_address(place))


@pytest.mark.parametrize(
    "place", ["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "192.0.0.192"]
)
def test_what_hands_out_the_keys_of_a_cloud_is_not(place: str) -> None:
    assert not is_public(ip_address(place))


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1/", "http://127.0.0.1./", "http://127.1/", "http://127.0.1/", "http://0/", "http://0.0.0.0/",
        "http://2130706433/", "http://017700000001/", "http://0177.0.0.1/", "http://0x7f000001/", "http://0x7f.0.0.1/",
        "http://0X7F.1/", "http://127.0.0.0x1/", "http://１２７.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/",
        "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::127.0.0.1]/", "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/", "http://[127.0.0.1]/", "http://[::1]evil.example/", "http://[v1.x]/",
        "http://evil.example@127.0.0.1/", "http://user:secret@example.org/", "http://@example.org/",
        "http://example.org\\@127.0.0.1/", "http://127.0.0.1\\.example.org/", "http://127.0.0.1%2f.example.org/",
        "http://%31%32%37.0.0.1/", "http://localhost/", "http://LOCALHOST./", "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/", "https://192.168.0.1/", "http://8.8.8.8.:22/",
        "http://example.org:25/", "http://example.org:6379/", "http://example.org:99999/", "http://example.org:-1/",
        "file:///etc/passwd", "ftp://example.org/", "gopher://example.org/", "javascript:alert(1)", "data:text/html,x",
        "//example.org/", "example.org", "http:example.org", "http:///example.org", "http://", "https://?", "", " ",
        "http://exa mple.org/", "http://example.org/\r\nHost: x", "http://example.org/\0", "http://ex\u202eample.org/",
        "http://\ud800.org/", "http://a..b/", "http://.example.org/", "http://-/" + "x" * 3_000,
        "http://" + "a" * 64 + ".org/", "http://" + "a." * 150 + "org/", "http://[::1/", "http://]/",
    ],
)  # fmt: skip
def test_no_spelling_leads_into_this_machine_or_its_network(text: str) -> None:
    """Without a network: what is a name is looked up among the hosts of this machine."""
    with pytest.raises(FetchError) as told:
        PUBLIC.places(PUBLIC.address(text).host)
    assert "\n" not in str(told.value)
    assert "secret" not in str(told.value)


@given(st.text(), st.sampled_from(["", "http://", "https://", "http://[", "https://a@", "http://127.0.0.1"]))
def test_whatever_is_typed_is_an_address_that_reads_back_or_refused_in_a_line(text: str, before: str) -> None:
    try:
        address = PUBLIC.address(before + text)
    except FetchError as error:
        assert str(error)
        return
    assert PUBLIC.address(address.text) == address
    assert address.text.isascii()
    assert not any(sign.isspace() for sign in address.text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://example.org", "https://example.org/"),
        (" HTTPS://Example.ORG./a?b=c#d ", "https://example.org/a?b=c"),
        ("http://example.org:80/", "http://example.org/"),
        ("https://example.org:8443/x", "https://example.org:8443/x"),
        ("https://bücher.example/über?q=ä", "https://xn--bcher-kva.example/%C3%BCber?q=%C3%A4"),
        ("https://example.org/a%20b/%C3%BC", "https://example.org/a%20b/%C3%BC"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("http://[2606:4700::1]:8080/", "http://[2606:4700::1]:8080/"),
    ],
)
def test_an_address_is_read_as_browsers_read_it(text: str, read: str) -> None:
    assert PUBLIC.address(text).text == read


def test_a_name_of_which_one_address_is_inside_is_not_asked_at_all() -> None:
    both = Reach(resolve=lambda host: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(FetchError, match=r"intranet\.example leads to 10\.0\.0\.1, which is no address of the public"):
        both.places("intranet.example")


def test_whoever_agreed_to_a_host_agreed_to_no_other_and_to_nothing_less_safe() -> None:
    plain, safe, other = map(PUBLIC.address, ("http://a.example/1", "https://a.example/2", "https://www.a.example/1"))
    assert plain.may_send_on_to(safe)
    assert not safe.may_send_on_to(plain)
    assert not plain.may_send_on_to(other)
