"""A vision model in this process: one for all streams, loaded when it is first asked."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

from agent.perception.vlm.boxes.convention import reach_of
from agent.perception.vlm.completion import CUT, Spoken
from agent.perception.vlm.local.asked import Answered, Asked, TooLong
from agent.perception.vlm.local.batching import Batcher
from agent.perception.vlm.local.folder import check_weights
from agent.perception.vlm.local.loading import LoadWish, family_in
from agent.perception.vlm.local.waking import Awake, Waking
from agent.perception.vlm.looking import Bounds, looked
from agent.perception.vlm.pictures import shown
from agent.perception.vlm.prompt import prompt_hash, prompt_of
from agent.perception.vlm.question import Question
from agent.perception.vlm.schema import FARTHEST, json_schema
from vidette.errors import ConfigError, ModelError, TooMuch
from vidette.ids import content_tag, make_id
from vidette.models import Run, Usage
from vidette.ports import Image, MediaStore
from vidette.vision import LookReply, LookRequest

REVISION = "1"
_NEEDED = ("torch", "transformers", "llguidance")
_TOLD = (".json", ".jinja", ".model", ".safetensors", ".txt")  # what a model is made of
_GPU_BATCH, _CPU_BATCH = 8, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWish:
    """Which model, how it is shown things, and how many questions it answers at once (0: by what it runs on)."""

    load: LoadWish
    bounds: Bounds = field(default_factory=Bounds)
    batch: int = 0
    deadline_s: float = 180.0


class LocalVision:
    """Asks a model of a folder (vidette.ports.VisionModel). Its answers are held to the schema and validated here.

    Raises ConfigError for what can be told before it is loaded: a folder that holds no model of a known family, libraries
    that are not installed, where it is `asked` here. What cannot be loaded then fails each look.
    """

    def __init__(
        self,
        media: MediaStore,
        wish: LocalWish,
        *,
        say: Callable[[str], None] = lambda _text: None,
        awake: Callable[[LocalWish], Awake] | None = None,
        asked: bool = True,
    ) -> None:
        check(wish.load, libraries=asked)
        self._media, self._wish = media, wish
        self.run = run_of(wish)
        doing = f"loading {self.run.model} ({_gigabytes(wish.load.path):.1f} GB)"
        self._waking = Waking(lambda: (awake or awoken)(wish), doing=doing, say=say)

    def look(self, request: LookRequest) -> LookReply:
        """Describe the segment. Raises ModelError."""
        model = self._waking.model()
        if model.family.style == "task":
            return self._by_tasks(model, request)

        bounds = replace(self._wish.bounds, boxes=model.family.boxes)
        while True:
            try:
                return self._by_chat(model, request, bounds)
            except TooLong:
                if bounds.max_images == 1:
                    raise
                bounds = replace(bounds, max_images=bounds.max_images // 2)

    def close(self) -> None:
        """Ask no more; a look on its way fails soon."""
        self._waking.close()

    def _by_chat(self, model: Awake, request: LookRequest, bounds: Bounds) -> LookReply:
        """The reply of a family with a chat template, to a question of no more than `bounds`."""

        def ask(question: Question) -> Spoken:
            answered = model.ask(asked_of(question, bounds.boxes))
            return Spoken(text=answered.text, fault=CUT if answered.cut else "", usage=usage_of(answered))

        return looked(ask, request, self._media, bounds, self.run.model)

    def _by_tasks(self, model: Awake, request: LookRequest) -> LookReply:
        """The reply of a family that knows set tasks, with the cost of all of them."""
        if request.parts:
            raise TooMuch(f"{model.family.name} describes one segment at a time")
        from agent.perception.vlm.local.tasks import task_reply

        spent, began = Usage(), monotonic()

        def ask(asked: Asked) -> Answered:
            nonlocal spent
            answered = model.ask(replace(asked, stream=request.stream_id))
            spent = spent + usage_of(answered)
            return answered

        bounds = self._wish.bounds
        prompt = prompt_of(request, bounds.max_images)
        pictures = shown(prompt.pictures, self._media, bounds.max_side)
        images = {one.picture.number: one.still.rgb for one in pictures if one.still}
        seen = [images[one.same_as or one.picture.number] for one in pictures]
        prompt = replace(prompt, pictures=tuple(one.picture for one in pictures))
        try:
            reply, refused = task_reply(ask, request, prompt, seen, model.family)
        except ModelError as error:
            error.usage = replace(spent, wall_s=round(monotonic() - began, 3))
            raise
        return replace(reply, usage=replace(spent, refused=refused, wall_s=round(monotonic() - began, 3)))


def awoken(wish: LocalWish) -> Awake:
    """The model of the folder, loaded. Raises ConfigError, ModelError."""
    import torch

    from agent.perception.vlm.local.constraint import Constraint
    from agent.perception.vlm.local.loading import load

    model = load(wish.load)
    held = Constraint(model.tokenizer, model.vocabulary) if model.family.style == "chat" else None
    on_gpu = wish.load.device != "cpu" and torch.cuda.is_available()
    batch = wish.batch or (_GPU_BATCH if on_gpu else _CPU_BATCH)
    return Batcher(model, held, batch=batch, deadline_s=wish.deadline_s)


def check(wish: LoadWish, *, libraries: bool = True) -> None:
    """What can be told before the model is loaded. Raises ConfigError."""
    family_in(wish)
    check_weights(wish.path)
    for name in _NEEDED if libraries else ():
        if find_spec(name) is None:
            raise ConfigError(
                f"a model in this process needs {name}, which is not installed; pip install 'vidette[vlm]'"
            )


def asked_of(question: Question, boxes: str = "") -> Asked:
    """The question with its pictures as pixels; yes and no come before descriptions, for alerts wait for them.

    A model whose codec `boxes` has coordinates of its own may write those, too: it was taught to, and they are converted.
    """
    parts: list[str | int] = []
    images: list[Image] = []
    for part in question.parts:
        if isinstance(part, str):
            parts.append(part)
        else:
            parts.append(len(images))
            images.append(part.rgb)
    return Asked(
        parts=tuple(parts),
        images=tuple(images),
        times_s=tuple(at for at in question.times_s if at is not None),
        system=question.system,
        max_tokens=question.max_tokens,
        schema=reaching(json_schema(verdicts=question.verdicts, parts=question.captions), boxes),
        stream=question.stream,
        urgent=bool(question.verdicts),
    )


def reaching(schema: Any, boxes: str) -> Any:
    """The schema with boxes as far as pixels go, for a codec with coordinates of its own; else as it is."""
    if isinstance(schema, list):
        return [reaching(one, boxes) for one in schema]
    if not isinstance(schema, dict) or reach_of(boxes, (FARTHEST, FARTHEST)) is None:
        return schema
    out = {key: reaching(one, boxes) for key, one in schema.items()}
    if isinstance(out.get("box"), dict):
        out["box"] = {**out["box"], "items": {**out["box"]["items"], "maximum": FARTHEST}}
    return out


def usage_of(answered: Answered) -> Usage:
    """What one answer cost."""
    return Usage(
        calls=1,
        prompt_tokens=answered.prompt_tokens,
        completion_tokens=answered.completion_tokens,
        gpu_s=answered.gpu_s,
    )


def run_of(wish: LocalWish) -> Run:
    """The run of a model in a folder: of what lies in it, wherever it lies and whatever it runs on."""
    load, model = wish.load, name_of(wish.load.path)
    params = {name: getattr(load, name) for name in ("dtype", "quantise", "frames", "temperature", "seed")}
    params |= {"adapters": [_digest(one) for one in load.adapters]} | asdict(wish.bounds)
    revision = f"{REVISION}-{_digest(load.path)}"
    id_ = make_id("run", "transformers", model, revision, prompt_hash(), json.dumps(params))
    return Run(id=id_, model=model, revision=revision, prompt_hash=prompt_hash(), params=params)


def name_of(folder: Path) -> str:
    """The folder's name; of a snapshot in a hub's cache, that of the model (`models--org--name` is org/name)."""
    folder = folder.resolve()
    cached = folder.parents[1].name.split("--") if folder.parent.name == "snapshots" else []
    return "/".join(cached[1:]) if cached[:1] == ["models"] and len(cached) > 1 else folder.name


def _digest(folder: Path) -> str:
    """12 hex digits that are others where a file of the model is: of each its name, size, first and last 64 KiB."""
    said = [f"{path.name}:{content_tag(path)}" for path in _files(folder)]
    return hashlib.sha256("\n".join(said).encode("utf-8", "replace")).hexdigest()[:12]


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in _TOLD and path.is_file())
    except OSError as error:
        raise ConfigError(f"the folder {str(folder)!r} cannot be read ({error.strerror})") from error


def _gigabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in _files(folder) if path.suffix == ".safetensors") / 1e9
