"""The fast look's state as a carry, and back: what goes with each commit so that a watch can go on from it."""

from typing import TYPE_CHECKING, Any

from agent.perception.camera import Camera, View
from agent.perception.scene import Scene
from ingest.gate import Gate
from ingest.masks import Masks
from ingest.segments import Segmenter
from vidette import carry, ids
from vidette.models import Commit, FastState

if TYPE_CHECKING:
    from agent.perception.fast import FastLook


def pack(look: "FastLook") -> bytes:
    """Everything that `unpack` needs to go on from here."""
    arrays: carry.Arrays = {}
    shots, shots_state = look.shots.state()
    gate, gate_state = look.gate.state()
    scene_state = None
    if look.scene is not None:
        scene, scene_state = look.scene.state()
        arrays |= {f"scene.{name}": array for name, array in scene.items()}
    arrays |= {f"shots.{name}": array for name, array in shots.items()}
    arrays |= {f"gate.{name}": array for name, array in gate.items()}
    arrays |= {f"loops.{name}": array for name, array in look.camera.loops.state().items()}
    for name, seen in (("before", look.before), ("reference", look.reference)):
        if seen is not None:
            arrays[name] = seen.small
    state: dict[str, Any] = {
        "step_s": look.step_s,
        "committed_s": look.committed_s,
        "unsettled_s": look.unsettled_s,
        "primed_s": look.primed_s,
        "captions": look.captions,
        "blank": look.covering.blank,
        "told": look.told,
        "ledger": look.ledger.state(),
        "views": look.views.state(),
        "shots": shots_state,
        "camera": look.camera.state(),
        "gate": gate_state,
        "segmenter": look.segmenter.state(),
        "before": look.before.sharpness if look.before else None,
        "reference": look.reference.sharpness if look.reference else None,
        "scene": scene_state,
        "masks": _tag(look.masks),
        "live": look.live,
        "backdrops": look.backdrops.state(),
    }
    return carry.pack(arrays, state)


def unpack(look: "FastLook", commit: Commit) -> None:
    """Go on from a commit of the look's stream; where its masks are others by now, or its carry is lost, with a new scene."""
    look.sequence, look.last_s, look.seen_s = commit.sequence + 1, commit.watermark_s, commit.watermark_s
    if not commit.carry:  # with a worker and its disk (docs/adr/0035)
        look.committed_s = commit.watermark_s
        return
    arrays, state = carry.unpack(commit.carry)
    look.step_s, look.committed_s = state["step_s"], state["committed_s"]
    look.unsettled_s, look.primed_s = state["unsettled_s"], state["primed_s"]
    look.captions = [(at, type_, text, event) for at, type_, text, event in state["captions"]]
    look.covering.blank = [(begin, end, FastState(kind), why) for begin, end, kind, why in state["blank"]]
    look.told = state["told"]
    look.live = state.get("live", {})
    look.backdrops.restore(state.get("backdrops", [0.0, ""]))
    look.ledger.restore(state["ledger"])
    look.views.restore(state["views"])
    look.shots.restore(_part(arrays, "shots"), state["shots"])
    look.gate = Gate.restore(_part(arrays, "gate"), state["gate"])
    look.segmenter = Segmenter(**state["segmenter"])
    look.before = _view(arrays.get("before"), state["before"], look.masks)
    look.reference = _view(arrays.get("reference"), state["reference"], look.masks)
    look.camera = Camera.restore(look.before.small if look.before else None, state["camera"])
    look.camera.loops.restore(_part(arrays, "loops"))
    if state["scene"] is not None:
        look.scene = Scene.restore(
            _part(arrays, "scene"),
            state["scene"],
            stream=look.stream,
            settings=look.settings.fast,
            ledger=look.ledger,
            views=look.views,
        )
    if state.get("masks", _tag(Masks())) != _tag(look.masks):
        look.forget_scene()


def _tag(masks: Masks) -> str:
    return ids.make_id("masks", masks.polygons)


def _part(arrays: carry.Arrays, name: str) -> carry.Arrays:
    """The arrays of one part of the carry."""
    return {key[len(name) + 1 :]: array for key, array in arrays.items() if key.startswith(f"{name}.")}


def _view(small: Any, sharpness: float | None, masks: Masks) -> View | None:
    """A view from what the carry keeps of it."""
    if small is None or sharpness is None:
        return None
    return View.of(small, sharpness, masks)
