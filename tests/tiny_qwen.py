"""Tiny random models of Qwen's line: each of its real classes, shapes made small."""

from tests.tiny_llava import TEXT, WIDE
from tests.tiny_tokens import chat_template, tokenizer

PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
VIDEO = "<|vision_start|><|video_pad|><|vision_end|>"
ROPE = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}


def _tokens():
    return tokenizer("<|vision_start|>", "<|vision_end|>", image_token="<|image_pad|>", video_token="<|video_pad|>")


def _ids(tokens):
    return {
        "image_token_id": tokens.image_token_id,
        "video_token_id": tokens.video_token_id,
        "vision_start_token_id": tokens.convert_tokens_to_ids("<|vision_start|>"),
        "vision_end_token_id": tokens.convert_tokens_to_ids("<|vision_end|>"),
    }


def _size(patch):
    return {
        "size": {"shortest_edge": (2 * patch) ** 2, "longest_edge": (2 * patch) ** 2 * 64},
        "patch_size": patch,
        "merge_size": 2,
        "temporal_patch_size": 2,
    }


def qwen2_vl():
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen2VLProcessor

    tokens, pictures, videos = _old()
    processor = Qwen2VLProcessor(pictures, tokens, videos, chat_template=chat_template(PICTURE, VIDEO))
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 4, "mlp_ratio": 2}
    config = Qwen2VLConfig(text_config={**TEXT, "rope_parameters": ROPE}, vision_config=vision, **_ids(tokens))
    return Qwen2VLForConditionalGeneration, config, processor


def qwen2_5_vl():
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

    tokens, pictures, videos = _old()
    processor = Qwen2_5_VLProcessor(pictures, tokens, videos, chat_template=chat_template(PICTURE, VIDEO))
    vision = {
        "depth": 2,
        **WIDE,
        "num_heads": 4,
        "window_size": 56,
        "out_hidden_size": 64,
        "fullatt_block_indexes": [1],
    }
    config = Qwen2_5_VLConfig(
        text_config={**TEXT, **WIDE, "rope_parameters": {**ROPE, "mrope_section": [2, 2, 4]}},
        vision_config=vision,
        **_ids(tokens),
    )
    return Qwen2_5_VLForConditionalGeneration, config, processor


def _old():
    from transformers import Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    return _tokens(), Qwen2VLImageProcessor(**_size(14)), Qwen2VLVideoProcessor(**_size(14))


def qwen3_vl():
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokens, processor = _new()
    config = Qwen3VLConfig(text_config=NEW_TEXT, vision_config=NEW_VISION, **_ids(tokens))
    return Qwen3VLForConditionalGeneration, config, processor


def qwen3_vl_moe():
    from transformers import Qwen3VLMoeConfig, Qwen3VLMoeForConditionalGeneration

    tokens, processor = _new()
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    config = Qwen3VLMoeConfig(text_config={**NEW_TEXT, **experts}, vision_config=NEW_VISION, **_ids(tokens))
    return Qwen3VLMoeForConditionalGeneration, config, processor


NEW_TEXT = {**TEXT, "head_dim": 8, "rope_parameters": {**ROPE, "mrope_interleaved": True}}
NEW_VISION = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_heads": 4,
    "out_hidden_size": 32,
    "num_position_embeddings": 16,
    "deepstack_visual_indexes": [0],
}


def _new():
    from transformers import Qwen2VLImageProcessor, Qwen3VLProcessor, Qwen3VLVideoProcessor

    tokens, pictures, videos = _tokens(), Qwen2VLImageProcessor(**_size(16)), Qwen3VLVideoProcessor(**_size(16))
    return tokens, Qwen3VLProcessor(pictures, tokens, videos, chat_template=chat_template(PICTURE, VIDEO))


QWEN = {"qwen2-vl": qwen2_vl, "qwen2.5-vl": qwen2_5_vl, "qwen3-vl": qwen3_vl, "qwen3-vl-moe": qwen3_vl_moe}
