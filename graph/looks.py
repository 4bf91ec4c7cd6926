"""Writing what a deep look cost and what it answered."""

from graph.rows import Value, insert, insert_all, times
from graph.scene import Scene
from vidette.models import DeepState, Observation, Usage

_RANK = {state: rank for rank, state in enumerate(DeepState)}


def write_look(scene: Scene) -> None:
    """Keep the look's usage and verdicts; an observation that names no segment was none."""
    observation = scene.observation
    if observation.look != "deep" or observation.segment_id is None or not observation.coverage:
        return
    insert(scene.connection, "looks", _look(scene, observation, observation.segment_id))
    insert_all(scene.connection, "verdicts", _verdicts(scene, observation))


def _look(scene: Scene, observation: Observation, segment_id: str) -> dict[str, Value]:
    usage = observation.usage or Usage()
    return {
        "seq": scene.numbers[observation.id],
        "segment_seq": scene.numbers[segment_id],
        "stream_id": observation.stream_id,
        "run_seq": scene.run_seq,
        **times(scene.origin_ms, observation.start_s, observation.end_s),
        "outcome": max((one.deep for one in observation.coverage), key=_RANK.__getitem__),
        "calls": usage.calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "wall_s": usage.wall_s,
        "gpu_s": usage.gpu_s,
        "refused": usage.refused,
    }


def _verdicts(scene: Scene, observation: Observation) -> list[dict[str, Value]]:
    return [
        {
            "look_seq": scene.numbers[observation.id],
            "place": place,
            "question": one.question,
            "answer": one.answer,
            "confidence": one.confidence,
            "pts": one.at_s,
        }
        for place, one in enumerate(observation.verdicts)
    ]
