import sys

from benchmarks import alerts


def test_a_few_alerts_reach_all_endpoints_and_nothing_is_lost(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["alerts", "--alerts", "40", "--rate", "40"])
    alerts.main()
    said = capsys.readouterr().out
    told = [line for line in said.splitlines() if " came, " in line]
    assert len(told) == len(alerts.SINKS)
    assert all("    60 came, 0 lost, " in line and " 0 out of order" in line for line in told)
    assert "down: kept 60 of 60" in said
