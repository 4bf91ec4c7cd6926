from app import cli
from app.simulation.faults import FAULTS, STEADY, WHOLE, chosen


def test_an_unknown_fault_names_them_all(capsys):
    assert cli.main(["simulate", "--fault", "flood"]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in [*(fault.name for fault in FAULTS), *WHOLE])


def test_without_names_everything_is_struck():
    assert chosen(()) == ((STEADY, *FAULTS), tuple(WHOLE))


def test_a_steady_camera_is_always_beside():
    assert chosen(("killed", "restart")) == (
        (STEADY, next(one for one in FAULTS if one.name == "killed")),
        ("restart",),
    )


def test_what_is_missing_is_said(capsys, monkeypatch):
    monkeypatch.setattr("app.simulation.camera.SYSTEM_PYTHON", "/nowhere/python3")
    assert cli.main(["simulate", "--fault", "killed"]) == 2
    assert "apt-get install" in capsys.readouterr().err
