import yaml

from app import cli
from vidette.configuration import examine
from vidette.settings import Settings


def test_show_is_yaml_that_loads_to_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = "fast: {crowd: 4}\nstreams:\n- name: 'a: b # c'\n  zones:\n  - {name: z, polygon: [[0,0],[1,0],[1,1]]}\n"
    (tmp_path / "vidette.yml").write_text(text)
    monkeypatch.setenv("VIDETTE_LOG", "error")
    assert cli.main(["config", "show"]) == 0
    said = capsys.readouterr().out
    assert "crowd: 4  # vidette.yml:1" in said
    assert "log: error  # environment VIDETTE_LOG" in said
    again = tmp_path / "again.yml"
    again.write_text(said)
    assert examine(again, {}).settings == examine(tmp_path / "vidette.yml", {"VIDETTE_LOG": "error"}).settings


def test_show_of_defaults_is_the_defaults(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["config", "show"]) == 0
    said = yaml.safe_load(capsys.readouterr().out)
    assert set(said) == set(Settings.model_fields)
    assert said["fast"]["crowd"] == Settings().fast.crowd


def test_show_hides_secrets(tmp_path, capsys, monkeypatch):
    file = tmp_path / "v.yml"
    file.write_text("streams:\n- {name: a, source: 'rtsp://u:hunter2@h/1'}\n- {name: b, source: '${CAM}'}\n")
    monkeypatch.setenv("CAM", "s3cret")
    assert cli.main(["config", "show", "--config", str(file)]) == 0
    said = capsys.readouterr().out
    assert "hunter2" not in said
    assert "s3cret" not in said
    assert "rtsp://***@h/1" in said


def test_check_lists_mistakes(tmp_path, capsys):
    file = tmp_path / "v.yml"
    file.write_text("log: loud\nfast: {croud: 1}\n")
    assert cli.main(["config", "check", str(file)]) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 2
    file.write_text("log: info\n")
    assert cli.main(["config", "check", str(file)]) == 0
    assert capsys.readouterr().out.endswith("v.yml: good\n")


def test_secrets_of_sinks_and_links_are_hidden_wherever_they_come_from(tmp_path, capsys, monkeypatch):
    file = tmp_path / "v.yml"
    file.write_text(
        "sinks:\n- {id: ops, kind: webhook, url: 'https://u:hunter2@h', secret: whsec_hunter2, old_secret: '${OLD}'}\n"
        "alerts: {media_base_url: 'https://m/', media_secret: hunter2}\n"
        "rules:\n- {id: r, severity: high, when: {event: loitering}, active: {from: '08:00'}}\n"
    )
    monkeypatch.setenv("OLD", "hunter2")
    assert cli.main(["config", "show", "--config", str(file)]) == 0
    monkeypatch.setenv("VIDETTE_ALERTS__MEDIA_SECRET", "hunter2")
    shown = capsys.readouterr().out
    assert cli.main(["config", "show", "--config", str(file)]) == 0
    assert "hunter2" not in shown + capsys.readouterr().out
    (tmp_path / "again.yml").write_text(shown)
    again = examine(tmp_path / "again.yml", {}).settings
    assert again.rules == examine(file, {"OLD": "x"}).settings.rules
    assert [sink.secret for sink in again.sinks] == ["***"]


def test_keys_of_models_are_hidden(tmp_path, capsys):
    file = tmp_path / "v.yml"
    file.write_text(
        "vlm:\n  backend: openai\n  url: http://h/v1\n  model: m\n  api_key: hunter2\n"
        "  others: [{name: small, backend: openai, url: 'http://h/v1', model: s, api_key: hunter2}]\n"
    )
    assert cli.main(["config", "show", "--config", str(file)]) == 0
    shown = capsys.readouterr().out
    assert shown.count("***") == 2
    assert "hunter2" not in shown
    file.write_text("vlm: {api_key: [hunter2]}\n")
    assert cli.main(["config", "check", str(file)]) == 2
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err
