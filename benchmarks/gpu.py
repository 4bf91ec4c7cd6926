"""A model of random weights in the shape of a real one: Vidette beside a plain transformers loop, in the same run.

Not real weights: they have the size and the cost of real ones, and say nothing. Each question is some pictures and a
line of text; answers are `--tokens` long. Plain: a batch is preprocessed, then generated, then the next one. Ours: the
batcher that deep looks use, asked by threads. Both get the same pictures, texts and lengths, in turns.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from agent.perception.vlm.local.asked import Asked
from agent.perception.vlm.local.batching import Batcher
from agent.perception.vlm.local.generation import Loaded
from app.tables import show
from benchmarks.vlm_shapes import SHAPES, made, parameters

RESULTS = Path(__file__).parent / "results"
_WORDS = "Describe what happens in these pictures of one place, in one sentence."
_DEADLINE_S = 3600.0


def questions(many: int, images: int, size: tuple[int, int], tokens: int) -> list[Asked]:
    """Questions with pictures of noise, all unlike, `size` (width, height)."""
    luck = np.random.default_rng(7)
    shape = (size[1], size[0], 3)
    return [
        Asked(
            parts=(*range(images), _WORDS),
            images=tuple(luck.integers(0, 255, shape, np.uint8) for _ in range(images)),
            max_tokens=tokens,
        )
        for _ in range(many)
    ]


def plain(model: Loaded, asked: Sequence[Asked], batch: int) -> int:
    """As one writes it with transformers; -> tokens generated."""
    from PIL.Image import fromarray

    made_tokens = 0
    for first in range(0, len(asked), batch):
        chats = [
            [
                {
                    "role": "user",
                    "content": [
                        *({"type": "image", "image": fromarray(image)} for image in one.images),
                        {"type": "text", "text": _WORDS},
                    ],
                }
            ]
            for one in asked[first : first + batch]
        ]
        inputs = model.processor.apply_chat_template(
            chats,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True, "padding_side": "left"},
        ).to(model.model.device, model.model.dtype)
        tokens = asked[0].max_tokens
        out = model.model.generate(**inputs, do_sample=False, min_new_tokens=tokens, max_new_tokens=tokens)
        made_tokens += int(out.shape[0] * (out.shape[1] - inputs["input_ids"].shape[1]))
        model.processor.batch_decode(out)
    return made_tokens


def ours(model: Loaded, asked: Sequence[Asked], batch: int) -> int:
    """By the batcher; -> tokens generated."""
    batcher = Batcher(_Kept(model), unending(model), batch=batch, deadline_s=_DEADLINE_S)
    try:
        with ThreadPoolExecutor(max(2, 2 * batch)) as threads:
            return sum(answer.completion_tokens for answer in threads.map(batcher.ask, asked))
    finally:
        batcher.close()


class _Kept:
    """The model, which goes on after a batcher is through with it."""

    def __init__(self, model: Loaded) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def close(self) -> None:
        """Not yet."""


def unending(model: Loaded) -> Callable[[Sequence[Any]], list[Any]]:
    """No answer ends before it is as long as asked, as in the plain loop."""
    ends = list(model.ends)

    def held(_batch: Sequence[Any]) -> list[Any]:
        def mask(_ids: Any, scores: Any) -> Any:
            scores[:, ends] = float("-inf")
            return scores

        return [mask]

    return held


def timed(way: Callable[[Loaded, Sequence[Asked], int], int], model: Loaded, asked: list[Asked], batch: int) -> Any:
    """Seconds, pictures and tokens a second, and the most memory that was held; or that it did not fit."""
    torch = model.libraries.torch
    cuda = model.model.device.type == "cuda"
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    try:
        tokens = way(model, asked, batch)
    except torch.OutOfMemoryError:
        return None
    if cuda:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    return {
        "seconds": round(seconds, 3),
        "images_s": round(sum(len(one.images) for one in asked) / seconds, 2),
        "tokens_s": round(tokens / seconds, 1),
        "tokens": tokens,
        "peak_gb": round(torch.cuda.max_memory_allocated() / 2**30, 2) if cuda else None,
    }


def hardware(torch: Any) -> str:
    """What it ran on."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return f"{', '.join(gpus) or 'no GPU'}; {platform.machine()}, {os.cpu_count()} cores"


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """One shape at every batch, both ways in turn; printed as it comes."""
    model = made(given.shape, given.device)
    width, height = (int(side) for side in given.size.split("x"))
    rows: list[dict[str, Any]] = []
    for batch in given.batches:
        asked = questions(max(given.questions, 2 * batch), given.images, (width, height), given.tokens)
        timed(plain, model, asked[:batch], batch)  # what is done once only is over
        row: dict[str, Any] = {"batch": batch, "questions": len(asked)}
        row |= {name: timed(way, model, asked, batch) for name, way in (("plain", plain), ("ours", ours))}
        rows.append(row)
        print(json.dumps(row), flush=True)
    return {
        "what": f"random weights in the shape of {given.shape}, not real ones",
        "parameters": parameters(model),
        "hardware": hardware(model.libraries.torch),
        "device": given.device,
        "dtype": str(model.model.dtype),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in ("torch", "transformers")},
        "question": {"images": given.images, "size": given.size, "tokens": given.tokens},
        "rows": rows,
    }


def table(result: dict[str, Any]) -> None:
    """For people."""
    rows = []
    for row in result["rows"]:
        cells = [
            f"{row[way][what]:,.1f}" if row[way] else "too large"
            for what in ("images_s", "tokens_s")
            for way in ("plain", "ours")
        ]
        both = row["plain"] and row["ours"]
        rows.append(
            (str(row["batch"]), *cells, f"{row['ours']['tokens_s'] / row['plain']['tokens_s']:.2f}" if both else "")
        )
    columns = (">batch", ">images/s plain", ">ours", ">tokens/s plain", ">ours", ">ours to plain")
    show(f"{result['what']}; {result['hardware']}", columns, rows, "nothing measured")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--shape", choices=SHAPES, action="append", help="of the 3B and the 7B model where none is given"
    )
    options.add_argument("--device", default="cuda")
    options.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    options.add_argument("--questions", type=int, default=64)
    options.add_argument("--images", type=int, default=4)
    options.add_argument("--size", default="768x432")
    options.add_argument("--tokens", type=int, default=64)
    options.add_argument("--out", type=Path, default=RESULTS)
    given = options.parse_args(arguments)
    for shape in given.shape or ["qwen2.5-vl-3b", "qwen2.5-vl-7b"]:
        result = measured(argparse.Namespace(**{**vars(given), "shape": shape}))
        table(result)
        given.out.mkdir(parents=True, exist_ok=True)
        path = given.out / f"{shape}-{given.device.replace(':', '-')}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
        path.write_text(json.dumps(result, indent=1) + "\n")
        print(f"written to {path}")


if __name__ == "__main__":
    main()
