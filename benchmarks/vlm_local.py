"""What Vidette costs over a bare `generate`, and how a model in this process answers in batches: on the CPU."""

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

from PIL.Image import open as open_image

from agent.perception.vlm.local.asked import Answered, Asked, Held, Prepared
from agent.perception.vlm.local.batching import Batcher
from agent.perception.vlm.local.constraint import Constraint
from agent.perception.vlm.local.generation import Loaded
from agent.perception.vlm.local.loading import LoadWish, load
from agent.perception.vlm.local.vision import LocalVision, LocalWish
from agent.perception.vlm.looking import Bounds
from app.tables import show
from benchmarks.gpu import questions, unending
from benchmarks.slots import QUIET
from benchmarks.vlm_queue import pictures_of, queued
from benchmarks.vlm_shapes import made
from tests.tiny_models import build
from workers.flow import step
from workers.jobs import Job
from workers.wiring import Pipeline

_TOKENS = 48
_SIDE = Bounds().max_side


class Metered:
    """A model whose own CPU is counted: preprocessing and generating, but for what holds answers to the schema.

    What it says is always the same good answer, for random words would be asked for twice.
    """

    def __init__(self, model: Loaded) -> None:
        self._model, self._lock = model, Lock()
        self.bare_s = self.held_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def prepare(self, asked: Asked) -> Prepared:
        """Preprocess."""
        self._alone()
        began = time.process_time()
        prepared = self._model.prepare(asked)
        self._add(time.process_time() - began, 0.0)
        return prepared

    def generate(self, batch: Sequence[Prepared], held: Held | None = None) -> list[Answered]:
        """Generate; what is said is replaced."""
        spent = [0.0]
        self._alone()
        began = time.process_time()
        answers = self._model.generate(batch, lambda one: [_metered(mask, spent) for mask in held(one)] if held else [])
        self._add(time.process_time() - began - spent[0], spent[0])
        return [
            Answered(text=QUIET, prompt_tokens=one.prompt_tokens, completion_tokens=one.completion_tokens, cut=False)
            for one in answers
        ]

    def _alone(self) -> None:
        """One thread: how many help is a thread's own setting, and helpers that spin would be counted."""
        self._model.libraries.torch.set_num_threads(1)

    def _add(self, bare_s: float, held_s: float) -> None:
        with self._lock:
            self.bare_s, self.held_s = self.bare_s + bare_s, self.held_s + held_s


def _metered(mask: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def metered(ids: Any, scores: Any) -> Any:
        began = time.process_time()
        held = mask(ids, scores)
        spent[0] += time.process_time() - began
        return held

    return metered


def overhead(clip: Path, each: int, rounds: int) -> None:
    """CPU a look takes beside preprocessing and generating: from a queued segment to what it says in memory.

    A script around `generate` would open the pictures, too: what that takes with Pillow stands beside it.
    """
    pictures = pictures_of(clip)
    rows = [_overhead(pictures, each, frames) for frames in (1, 4) for _ in range(rounds)]
    cells = []
    for frames in (1, 4):
        found = [row for row in rows if row["pictures"] == frames]
        middle = {name: statistics.median(row[name] for row in found) for name in found[0]}
        script = _script_ms(pictures, frames)
        figures = (*(middle[name] for name in ("bare", "held", "rest", "over")), script, middle["over"] - script)
        cells.append((str(frames), *(f"{one:.1f} ms" for one in figures)))
    names = (">bare generate", ">schema held", ">all else", ">over bare", ">a script loads", ">over a script")
    columns = (">pictures", *names)
    show(f"CPU a look, tiny random model, {_TOKENS} tokens", columns, cells, "nothing measured")


def _script_ms(pictures: list[bytes], frames: int) -> float:
    """CPU ms that the shortest script takes to open so many pictures, as large as they are sent."""
    began = time.process_time()
    for picture in pictures:
        image = open_image(BytesIO(picture)).convert("RGB")
        image.thumbnail((_SIDE, _SIDE))
    return (time.process_time() - began) / len(pictures) * frames * 1000


def _overhead(pictures: list[bytes], each: int, frames: int) -> dict[str, float]:
    """CPU ms a look: bare, holding to the schema, all else."""
    with tempfile.TemporaryDirectory() as folder:
        path = build("smolvlm", Path(folder) / "tiny")
        models: list[Metered] = []

        def awake(_wish: LocalWish) -> Batcher:
            model = load(LoadWish(path=path, device="cpu"))
            model.libraries.torch.set_num_threads(1)
            models.append(Metered(model))
            return Batcher(
                models[0], Constraint(model.tokenizer, model.vocabulary), batch=1, deadline_s=600.0, company_s=0.0
            )

        with queued("", pictures, each, frames) as (pipeline, jobs):
            bounds = replace(LocalWish(load=LoadWish(path=path)).bounds, max_tokens=_TOKENS)
            wish = LocalWish(load=LoadWish(path=path, device="cpu"), bounds=bounds)
            own = replace(pipeline, vision=LocalVision(pipeline.media, wish, awake=awake))
            _look(own, jobs[:3])
            metered = models[0]
            metered.bare_s = metered.held_s = 0.0
            began = _cpu_s()
            _look(own, jobs[3:])
            all_s, many = _cpu_s() - began, len(jobs) - 3
            assert own.vision is not None
            own.vision.close()
    over = (all_s - metered.bare_s) / many * 1000
    held = metered.held_s / many * 1000
    return {
        "pictures": frames,
        "bare": metered.bare_s / many * 1000,
        "held": held,
        "rest": over - held,
        "over": over,
    }


def _look(pipeline: Pipeline, jobs: Sequence[Job]) -> None:
    for job in jobs:
        for follow in step(pipeline, job):
            list(step(pipeline, follow))


def batches(sizes: Sequence[int]) -> None:
    """How a question's time falls as more are answered together, and the memory that it takes."""
    model = made("smol", "cpu")
    model.libraries.torch.set_num_threads(1)
    rows = []
    for batch in sizes:
        asked = questions(batch, 4, (64, 64), _TOKENS)
        prepared = [model.prepare(one) for one in asked]
        began = time.process_time()
        model.generate(prepared, unending(model))
        spent_s = time.process_time() - began
        rows.append(
            (
                str(batch),
                f"{spent_s / batch:.2f} s",
                f"{batch * _TOKENS / spent_s:.0f}",
                f"{_peak_mb():.0f} MB",
            )
        )
    columns = (">batch", ">CPU a question", ">tokens a CPU second", ">peak memory so far")
    show("a small random model in the form of SmolVLM, one thread", columns, rows, "nothing measured")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system
