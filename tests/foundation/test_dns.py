"""TXT records are read from a real name server; everything else is one kind of failure."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from foundation import dns
from tests.doubles.names import NameServer


def test_records_are_read_whole_however_they_are_cut(settings: Settings) -> None:
    with NameServer() as names:
        settings.DNS_SERVERS = [names.address]
        names.texts["a.test"] = ["one", "x" * 300]
        assert sorted(dns.txt("a.test")) == ["one", "x" * 300]


def test_no_record_no_server_and_no_name_are_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "TIMEOUT_SECONDS", 0.3)
    with NameServer() as names:
        settings.DNS_SERVERS = [names.address]
        with pytest.raises(dns.NoAnswer, match="has no TXT record"):
            dns.txt("nothing.test")
        with pytest.raises(dns.NoAnswer):
            dns.txt("a..test")
    with pytest.raises(dns.NoAnswer):
        dns.txt("a.test")
