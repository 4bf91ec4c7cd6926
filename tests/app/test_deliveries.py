"""`vidette deliveries`, `vidette sinks`, `vidette rules try-template`, on real memory and real endpoints."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app import cli
from graph.embedded import EmbeddedStore
from tests.mosquitto import broker, free_port, subscriber
from tests.telling import AT, SECRET, check_body, delivery, endpoint
from vidette.alerting import Deliveries, SinkStates
from vidette.alerts import DeliveryStatus, Judgement
from vidette.queries import Events

SINKS = """
rules:
  - {{id: told, when: {{event: sink_disabled}}, sinks: [log]}}
sinks:
  - {{id: ops, kind: webhook, url: "{url}", secret: "{secret}", allow_networks: [127.0.0.0/8], timeout_s: 5{more}}}
  - {{id: log, kind: jsonl, path: "{lines}"}}
"""


def run(capsys, *args, code=0):
    assert cli.main([str(arg) for arg in args]) == code, capsys.readouterr().err
    return capsys.readouterr()


def rows(said):
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.fixture
def db(tmp_path):
    return tmp_path / "v.db"


@pytest.fixture
def options(tmp_path, db):
    def options(url: str, more: str = "") -> list[str]:
        path = tmp_path / "rules.yml"
        path.write_text(SINKS.format(url=url, secret=SECRET, lines=tmp_path / "lines.jsonl", more=more))
        return ["--db", str(db), "--rules", str(path)]

    return options


@pytest.fixture
def put(db):
    """Writes deliveries into memory."""

    def put(*deliveries) -> None:
        store = EmbeddedStore(db)
        alerts = tuple({one.message.id: one.message for one in deliveries}.values())
        store.amend(lambda read: Judgement(alerts=alerts, deliveries=deliveries))
        store.close()

    return put


@pytest.fixture
def held(db):
    def held(query):
        store = EmbeddedStore(db)
        found = store.read(query)
        store.close()
        return found

    return held


def status(held) -> list[DeliveryStatus]:
    return [one.status for one in held(Deliveries())]


def test_a_delivery_is_shown_with_its_request_its_tries_and_what_was_answered(put, db, options, capsys):
    one = delivery(at=datetime.now(UTC))
    put(one)
    with endpoint((500, {"Retry-After": "900"}, b"no luck")) as server:
        given = options(server.url)
        run(capsys, "deliveries", "run", "--drain", "60", *given)
        (row,) = rows(run(capsys, "deliveries", "show", one.id, *given, "--json"))
        assert (row["status"], row["tries"], row["sink"]) == ("pending", 1, "ops")
        assert [(tried["number"], tried["code"]) for tried in row["attempts"]] == [(1, 500)]
        assert row["attempts"][0]["error"] == "HTTP 500: no luck"
        assert row["request"]["body"].encode() == server.requests[0].body
        assert row["request"]["media_type"] == "application/json"
        assert server.url not in json.dumps(row)  # a path is often a secret
    out = run(capsys, "deliveries", "show", one.id[:12], *given).out
    assert "pending after 1 try" in out
    assert "HTTP 500: no luck" in out
    assert "body: {" in out


def test_what_is_shown_is_named_or_the_choices_are(put, db, capsys):
    put(delivery(1), delivery(1, sink="log"))
    said = run(capsys, "deliveries", "show", delivery(1).message.id, "--db", db, code=2).err
    assert "begins several" in said
    assert run(capsys, "deliveries", "show", delivery(1).id, "--db", db).out
    assert "no delivery" in run(capsys, "deliveries", "show", f"{delivery(1).id}x", "--db", db, code=2).err
    assert "ffffffff" in run(capsys, "deliveries", "show", "ffffffff", "--db", db, code=2).err


@pytest.mark.parametrize(
    ("args", "again"),
    [
        (["--all"], [1, 2, 3, 4]),
        (["--since", "2026-05-01T12:00:08Z"], [3, 4]),
        (["--since", "2026-05-01T12:00:07Z", "--until", "2026-05-01T12:00:09Z"], [2, 3]),
        (["--sink", "ops"], [1, 2, 3, 4]),
        (["--sink", "log"], []),
        ([delivery(2).id], [2]),
    ],
)
def test_dead_ones_are_replayed_one_or_by_range_or_all_since(put, db, held, capsys, args, again):
    put(*(delivery(number, raised_at=AT + timedelta(seconds=number)) for number in range(1, 5)))
    store = EmbeddedStore(db)
    store.disable("ops", "https://x.test", datetime.now(UTC), "HTTP 410")
    store.close()
    count = len(again)
    said = run(capsys, "deliveries", "replay", "--db", db, *args).out
    assert said.startswith(f"{count} deliver{'y' if count == 1 else 'ies'} due again")
    due = [one.message.text for one in held(Deliveries()) if one.status == DeliveryStatus.PENDING]
    assert due == [delivery(number).message.text for number in again]
    assert bool(held(SinkStates())) == (not again)


def test_replaying_nothing_in_particular_is_refused(put, db, capsys):
    put(delivery())
    assert "--all" in run(capsys, "deliveries", "replay", "--db", db, code=2).err


def test_deliveries_are_listed_by_when_they_were_raised(put, db, capsys):
    put(*(delivery(number, raised_at=AT + timedelta(hours=number)) for number in range(3)))
    said = run(capsys, "deliveries", "list", "--db", db, "--since", "2026-05-01T12:30:00Z", "--json")
    assert len(rows(said)) == 2


def test_sinks_are_listed_with_what_they_promise_and_how_they_do(put, db, options, capsys):
    put(delivery(1), delivery(2))
    store = EmbeddedStore(db)
    store.disable("ops", "https://x.test", datetime.now(UTC), "HTTP 410")
    store.close()
    put(delivery(3))
    given = options("http://127.0.0.1:1/hook?token=hunter2")
    ops, log = rows(run(capsys, "sinks", "list", *given, "--json"))
    assert (ops["id"], ops["kind"], ops["waiting"], ops["dead"]) == ("ops", "webhook", 1, 2)
    assert "HTTP 410" in ops["disabled"]
    assert "at least once" in ops["promises"]
    assert "disabled" not in log
    said = run(capsys, "sinks", "list", *given)
    assert "webhook" in said.out
    assert "hunter2" not in said.out


def test_sinks_are_listed_where_nothing_was_watched_yet(options, capsys):
    assert len(rows(run(capsys, "sinks", "list", *options("https://x.test/"), "--json"))) == 2


def test_a_test_message_is_sent_now_and_kept_nowhere(db, options, capsys):
    with endpoint(204) as server:
        given = options(server.url)
        assert "ops took a test message" in run(capsys, "sinks", "test", "ops", *given).out
        message = json.loads(server.requests[0].body)
        check_body(message)
        assert message["data"]["alert"]["rule"] == "vidette-test"
        server.answers = [500]
        assert "HTTP 500" in run(capsys, "sinks", "test", "ops", *given, code=1).err
        assert "there are: ops, log" in run(capsys, "sinks", "test", "oops", *given, code=2).err
    assert not db.exists()


def test_a_test_message_reaches_a_broker(tmp_path, capsys):
    port = free_port()
    config = tmp_path / "vidette.yml"
    config.write_text(
        f"sinks:\n- {{id: ha, kind: mqtt, url: 'mqtt://127.0.0.1:{port}', allow_networks: [127.0.0.0/8]}}\n"
    )
    with broker(tmp_path, port), subscriber(port) as heard:
        run(capsys, "sinks", "test", "ha", "--config", config)
        topics = [heard.next().topic for _ in range(4)]
    assert topics[2:] == ["vidette/alerts/vidette-test", "vidette/availability"]


def test_a_sink_that_took_nothing_for_days_is_disabled_with_an_event_and_its_messages_kept(
    put, db, held, options, capsys, tmp_path
):
    put(*(delivery(number, at=datetime.now(UTC)) for number in range(3)))
    with endpoint(500) as server:
        given = options(server.url, ", give_up_days: 0.00001, at_once: 1")
        run(capsys, "deliveries", "run", "--drain", "40", *given)
        (state,) = held(SinkStates())
        assert "nothing delivered since" in state.reason
        assert "HTTP 500" in state.reason
        (event,) = held(Events())
        assert (event.type, event.stream) == ("sink_disabled", "system")
        assert "'ops' takes no more" in event.caption
        told = json.loads((tmp_path / "lines.jsonl").read_text())
        assert told["data"]["alert"]["rule"] == "told"
        mine = [one for one in held(Deliveries()) if one.sink == "ops"]
        assert [one.status for one in mine] == [DeliveryStatus.DEAD] * 3
        server.answers = [200]
        run(capsys, "deliveries", "replay", "--sink", "ops", "--db", db)
        run(capsys, "deliveries", "run", "--drain", "60", *given)
    assert [one.status for one in held(Deliveries()) if one.sink == "ops"] == [DeliveryStatus.DELIVERED] * 3


def test_gone_is_an_event_too_however_many_are_on_their_way(put, held, options, capsys):
    put(*(delivery(number, at=datetime.now(UTC)) for number in range(8)))
    with endpoint(410) as server:
        run(capsys, "deliveries", "run", "--drain", "40", *options(server.url, ", at_once: 8"))
    (event,) = held(Events())
    assert event.type == "sink_disabled"
    assert len(held(SinkStates())) == 1


CHAT = '{"text": {{ (alert.severity ~ ": " ~ alert.text) | tojson }}}'


def test_a_template_is_tried_on_an_example_the_newest_or_a_named_alert(put, db, tmp_path, capsys):
    path = tmp_path / "chat.j2"
    path.write_text(CHAT)
    said = run(capsys, "rules", "try-template", path, "--db", db)
    assert "Bag left" in json.loads(said.out)["text"]
    assert "application/json, " in said.err
    put(delivery(1), delivery(2, **{"at": AT}))
    assert "(1)" in run(capsys, "rules", "try-template", path, "--db", db, "--alert", delivery(1).message.id).out
    path.write_text("{{ alert.nothing }}")
    assert "nothing" in run(capsys, "rules", "try-template", path, "--db", db, code=1).err
    path.write_text("{% set x = 1 %}")
    assert "`assign`" in run(capsys, "rules", "try-template", path, "--db", db, code=2).err


def test_a_webhook_posts_what_its_template_makes(put, options, capsys, tmp_path):
    path = tmp_path / "chat.j2"
    path.write_text(CHAT)
    put(delivery(at=datetime.now(UTC)))
    with endpoint() as server:
        run(capsys, "deliveries", "run", "--drain", "60", *options(server.url, f", template: '{path}'"))
    assert json.loads(server.requests[0].body) == {"text": "high: a bag was left at the gate (1)"}


def test_what_a_template_cannot_make_is_dead_and_says_why(put, held, options, capsys, tmp_path):
    path = tmp_path / "chat.j2"
    path.write_text('{"text": "{{ alert.text }}"}')
    put(delivery(at=datetime.now(UTC), text='a "bag"'))
    with endpoint() as server:
        given = options(server.url, f", template: '{path}'")
        run(capsys, "deliveries", "run", "--drain", "60", *given)
        assert server.requests == []
    assert status(held) == [DeliveryStatus.DEAD]
    (row,) = rows(run(capsys, "deliveries", "show", delivery().id, *given, "--json"))
    assert "tojson" in row["attempts"][0]["error"]
    assert "tojson" in row["request"]["fault"]
