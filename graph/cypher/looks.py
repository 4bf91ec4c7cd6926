"""Writing what a deep look cost and what it answered to a Neo4j server."""

from graph.cypher.driver import do
from graph.cypher.scene import Scene
from graph.rows import times
from vidette import codec
from vidette.models import DeepState, Usage

_RANK = {state: rank for rank, state in enumerate(DeepState)}


def write_look(scene: Scene) -> None:
    """Keep the look's usage and verdicts; an observation that names no segment was none."""
    observation = scene.observation
    if observation.look != "deep" or observation.segment_id is None or not observation.coverage:
        return
    usage = observation.usage or Usage()
    do(
        scene.transaction,
        "MATCH (o:Observation {id: $id}), (s:Stream {id: $stream}), (r:Run {id: $run}) MERGE (l:Look {key: $id})"
        " SET l += $row MERGE (l)-[:OF]->(o) MERGE (l)-[:ON]->(s) MERGE (l)-[:BY]->(r)",
        id=observation.id,
        stream=observation.stream_id,
        run=observation.run.id,
        row={
            "segment_id": observation.segment_id,
            "stream_id": observation.stream_id,
            "run_id": observation.run.id,
            **times(scene.origin_ms, observation.start_s, observation.end_s),
            "outcome": str(max((row.deep for row in observation.coverage), key=_RANK.__getitem__)),
            "calls": usage.calls,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "wall_s": usage.wall_s,
            "gpu_s": usage.gpu_s,
            "refused": usage.refused,
            "verdicts_json": codec.encode(observation.verdicts).decode(),
            "questions": [verdict.question for verdict in observation.verdicts],
        },
    )
