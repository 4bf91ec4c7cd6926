"""One trace from the look at the frames to the answer of the webhook, over four workers."""

from tests.cluster.cluster import QUEUES
from tests.collector import Span, collecting
from tests.telling import LOOPBACK, SECRET, endpoint
from tests.vlm_server import running
from vidette.traces import place_in

WHOLE = {"watch", "settle", "look", "deliver", "webhook"}
PATIENCE_S = 240


def whole(spans: list[Span]) -> list[Span]:
    """The spans of a trace that has all there is to one; none where no trace has yet."""
    of = {span.trace: [one for one in spans if one.trace == span.trace] for span in spans}
    return next((found for found in of.values() if {one.name for one in found} >= WHOLE), [])


def test_one_trace_from_the_look_at_frames_to_the_answer_of_the_webhook(cluster, films, tmp_path):
    with collecting() as collector, running(tmp_path / "asked.jsonl") as model, endpoint(200) as hook:
        sink = {"id": "hook", "kind": "webhook", "url": hook.url, "secret": SECRET, "allow_networks": LOOPBACK}
        place = cluster(vlm={"backend": "openai", "url": model.url, "model": "m"}, sinks=[sink])
        for queue in (*QUEUES, "vision"):
            place.worker(queue, VIDETTE_CLUSTER__TRACE=collector.url)
        place.beat()
        place.watch(films[2])
        collector.wait(whole, PATIENCE_S)
        place.until(lambda: place.finished(1), "the film to be through")
        told = {f"{place_in(one.headers['traceparent']).span_id:016x}" for one in hook.requests}
        spans = collector.wait(lambda spans: told <= {one.id for one in spans}, PATIENCE_S)
    found = whole(spans)
    by_name = {name: [one for one in found if one.name == name] for name in WHOLE}
    (watch,) = by_name["watch"]
    assert watch.parent == ""
    assert watch.said["vidette.stream"].startswith("place3")
    assert watch.said["vidette.end_s"] > watch.said["vidette.start_s"]
    assert watch.start_ns < watch.end_ns
    settles = {one.id for one in by_name["settle"]}
    assert any(one.parent == watch.id for one in by_name["settle"])
    assert all(one.parent in settles for one in (*by_name["look"], *by_name["deliver"]))
    assert {one.parent for one in by_name["webhook"]} <= {one.id for one in by_name["deliver"]}
    assert all(one.said["http.response.status_code"] == 200 for one in by_name["webhook"])
    assert told == {one.id for one in spans if one.name == "webhook"}
    assert len({one.resource["service.instance.id"] for one in found}) >= 4
    assert len({(one.trace, one.id) for one in spans}) == len(spans)
