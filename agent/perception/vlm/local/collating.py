"""Questions of one group as one batch: words are padded to the longest, pictures put one after the other."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["left", "right"]
_PADDED_WITH = {
    "attention_mask": 0,
    "token_type_ids": 0,
    "mm_token_type_ids": 0,
    "image_embeds_position_mask": 0,
    "cross_attention_mask": 0,
    "image_patches_indices": -1,
}
"""Inputs that have a place for each token, `(1, tokens, ...)`, besides `input_ids`."""
_UNUSED = ("labels",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """One question's tensors, and the `(width, height)` at which the model is shown each picture."""

    tensors: dict[str, Any]
    sent: tuple[tuple[int, int], ...]


def kept(made: dict[str, Any], torch: Any, dtype: Any) -> dict[str, Any]:
    """The tensors among what a processor made, real numbers as `dtype`."""
    out = {}
    for key, value in made.items():
        if key in _UNUSED:
            continue
        tensor = value if isinstance(value, torch.Tensor) else _tensor(value, torch)
        if tensor is not None:
            out[key] = tensor.to(dtype) if tensor.is_floating_point() and key != "second_per_grid_ts" else tensor
    return out


def _tensor(value: Any, torch: Any) -> Any:
    """Lists of numbers, of such lists, and of tensors of one shape are tensors; anything else is none of the model's."""
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(one, torch.Tensor) for one in value):
        return torch.stack(value) if len({one.shape for one in value}) == 1 else None
    inner = value[0] if isinstance(value[0], list) else value
    return torch.tensor(value) if all(isinstance(one, int | float) for one in inner) else None


def group_of(tensors: dict[str, Any], *, level: bool) -> tuple[int, ...]:
    """Equal for questions that may go into one batch: as many tiles of the same shapes.

    `level`: as many tokens, too, for models whose places do not bear padding.
    """
    out: list[int] = []
    for key in sorted(tensors):
        shape = tensors[key].shape
        out += [zlib.crc32(key.encode()), *(shape[2:] if _worded(key) and not level else shape)]
    return tuple(out)


def batch_of(items: Sequence[dict[str, Any]], torch: Any, *, pad: int, side: Side) -> dict[str, Any]:
    """One row a question, in their order; `pad` fills up `input_ids`."""
    longest = max(item["input_ids"].shape[1] for item in items)
    out = {}
    for key in items[0]:
        rows = [item[key] for item in items]
        if _worded(key):
            rows = [_padded(row, longest, torch, value=_PADDED_WITH.get(key, pad), side=side) for row in rows]
        out[key] = rows[0] if len(rows) == 1 else torch.cat(rows)
    return out


def _worded(key: str) -> bool:
    return key == "input_ids" or key in _PADDED_WITH


def _padded(row: Any, length: int, torch: Any, *, value: int, side: Side) -> Any:
    short = length - row.shape[1]
    if not short:
        return row
    filler = torch.full((row.shape[0], short, *row.shape[2:]), value, dtype=row.dtype, device=row.device)
    return torch.cat([filler, row] if side == "left" else [row, filler], dim=1)
