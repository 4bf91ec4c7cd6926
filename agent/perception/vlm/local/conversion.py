"""Turns a checkpoint of the original LLaVA code (LLaVA-1.5, Yi-VL) into a folder that can be loaded."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.perception.vlm.local.original import (
    PROJECTORS,
    original_config,
    renamed,
    renamed_tower,
    shards,
    tower_of,
    weights,
)
from agent.perception.vlm.local.torch_ready import Libraries, libraries, line
from agent.perception.vlm.local.yi_vl import PROJECTOR
from vidette.errors import ConfigError

_PICTURE = "<image>"
_TURN = "###"
_PARTS = (
    "{% macro content(message) %}{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>\n{% elif part['type'] == 'text' %}"
    "{{ part['text'] }}{% endif %}{% endfor %}{% endif %}{% endmacro %}{% for message in messages %}"
)
_YI = (
    "{% if message['role'] == 'system' %}{{ content(message) }}\n\n{% else %}"
    "### {{ 'Human' if message['role'] == 'user' else 'Assistant' }}: {{ content(message) }}\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}### Assistant:{% endif %}"
)
_VICUNA = (
    "{% if message['role'] == 'system' %}{{ content(message) }} {% else %}"
    "{{ message['role'] | upper }}: {{ content(message) }} {% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
TEMPLATES = {"mlp2x_gelu": _PARTS + _VICUNA, "mlp2x_gelu_Norm": _PARTS + _YI}
"""Turns as these models were trained on them (LLaVA's `conversation.py`, that of 01-ai/Yi)."""


def convert(source: Path, out: Path) -> int:
    """Write the model of `source` to the new folder `out`, a file of weights at a time; -> how many weights.

    Raises ConfigError: another layout, weights without a place, a folder that is not empty.
    """
    config = original_config(source)
    tower = tower_of(source, config)
    ready = libraries()
    tokens = _tokens(source, ready)
    rows = max(int(config["vocab_size"]), tokens.convert_tokens_to_ids(_PICTURE) + 1)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{str(out)!r} is there and not empty; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    count = _weights(source, tower, out, ready, PROJECTORS[config["mm_projector_type"]], rows)
    made = _config(config, tower, tokens, rows, ready)
    made.save_pretrained(out)
    _processor(config, tower, tokens, made, ready).save_pretrained(out)
    _generation(tokens, ready).save_pretrained(out)
    return count


def _tokens(source: Path, ready: Libraries) -> Any:
    try:
        tokens = ready.transformers.AutoTokenizer.from_pretrained(source, local_files_only=True)
    except (OSError, ValueError, ImportError, KeyError, TypeError) as error:
        raise ConfigError(f"the tokenizer in {str(source)!r} cannot be loaded ({line(error)})") from error
    tokens.add_special_tokens({"extra_special_tokens": [_PICTURE]}, replace_extra_special_tokens=False)
    return tokens


def _weights(source: Path, tower: Path, out: Path, ready: Libraries, projector: dict[str, str], rows: int) -> int:
    from safetensors.torch import save_file

    where: dict[str, str] = {}
    for place, tensors in enumerate(_files(source, tower, ready, projector)):
        name = f"model-{place + 1:05}.safetensors"
        whole = {
            key: _with_rows(tensor, rows, ready) if _is_of_words(key) else tensor for key, tensor in tensors.items()
        }
        save_file({key: tensor.contiguous() for key, tensor in whole.items()}, out / name, metadata={"format": "pt"})
        where |= dict.fromkeys(whole, name)
    (out / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}, indent=1))
    return len(where)


def _files(source: Path, tower: Path, ready: Libraries, projector: dict[str, str]) -> Iterator[dict[str, Any]]:
    """What goes into each file; the tower's own folder wins over what the checkpoint holds of it."""
    for path in shards(source):
        named = dict(renamed(weights(path, ready), projector))
        yield {key: tensor for key, tensor in named.items() if not key.startswith("model.vision_tower.")}
    for path in shards(tower):
        yield dict(renamed_tower(weights(path, ready)))


def _is_of_words(name: str) -> bool:
    return name in {"lm_head.weight", "model.language_model.embed_tokens.weight"}


def _with_rows(tensor: Any, rows: int, ready: Libraries) -> Any:
    """One row a token; new ones are the mean of the others, so that a new token is never the likeliest."""
    short = rows - tensor.shape[0]
    if short <= 0:
        return tensor
    mean = tensor.float().mean(0, keepdim=True).to(tensor.dtype)
    return ready.torch.cat([tensor, mean.expand(short, -1)])


def _config(config: dict[str, Any], tower: Path, tokens: Any, rows: int, ready: Libraries) -> Any:
    transformers = ready.transformers
    known = set(transformers.LlamaConfig().to_dict()) | {"rope_theta", "rope_scaling"}
    text = {key: value for key, value in config.items() if key in known and key not in {"model_type", "architectures"}}
    vision = transformers.CLIPVisionConfig.from_pretrained(tower, local_files_only=True).to_dict()
    made = transformers.LlavaConfig(
        text_config={**text, "model_type": "llama", "vocab_size": rows},
        vision_config=vision,
        image_token_index=tokens.convert_tokens_to_ids(_PICTURE),
        projector_hidden_act="gelu",
        vision_feature_layer=int(config.get("mm_vision_select_layer", -2)),
        vision_feature_select_strategy=_strategy(config),
        image_seq_length=(vision["image_size"] // vision["patch_size"]) ** 2,
        tie_word_embeddings=False,
    )
    made.architectures = ["LlavaForConditionalGeneration"]
    if config["mm_projector_type"].endswith("_Norm"):
        made.projector = PROJECTOR
    return made


def _strategy(config: dict[str, Any]) -> str:
    return "default" if config.get("mm_vision_select_feature", "patch") == "patch" else "full"


def _processor(config: dict[str, Any], tower: Path, tokens: Any, made: Any, ready: Libraries) -> Any:
    transformers = ready.transformers
    shown = transformers.CLIPImageProcessor.from_pretrained(tower, local_files_only=True).to_dict()
    kept = {key: shown[key] for key in ("size", "crop_size", "image_mean", "image_std", "resample") if shown.get(key)}
    return transformers.LlavaProcessor(
        transformers.LlavaImageProcessor(**kept, do_pad=config.get("image_aspect_ratio") == "pad"),
        tokens,
        patch_size=made.vision_config.patch_size,
        vision_feature_select_strategy=made.vision_feature_select_strategy,
        num_additional_image_tokens=1,
        image_token=_PICTURE,
        chat_template=TEMPLATES[config["mm_projector_type"]],
    )


def _generation(tokens: Any, ready: Libraries) -> Any:
    """An answer ends where the next turn begins, where that is one token."""
    turn = tokens(_TURN, add_special_tokens=False).input_ids
    ends = [tokens.eos_token_id, *(turn if len(turn) == 1 else [])]
    return ready.transformers.GenerationConfig(
        bos_token_id=tokens.bos_token_id, eos_token_id=ends, pad_token_id=tokens.pad_token_id
    )
