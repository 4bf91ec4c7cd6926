"""Tiny random models of the real classes, as folders that `transformers` loads: they prove plumbing, never quality."""

from pathlib import Path

from tests.tiny_styled import STYLED
from tests.tiny_tokens import chat_template, tokenizer

TEXT = {
    "vocab_size": 384,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}


def build(family: str, folder: Path) -> Path:
    """Write the family's tiny model, of the same random weights each time, into `folder`."""
    import torch

    model_class, config, processor = BUILDERS[family]()
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = model_class(config).eval()
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.data *= 8  # as initialised all pictures look alike
    model.generation_config.update(bos_token_id=0, pad_token_id=1, eos_token_id=2)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def smolvlm():
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    tokens = tokenizer(
        "<global-img>",
        *(f"<row_{row}_col_{col}>" for row in range(1, 5) for col in range(1, 5)),
        image_token="<image>",
        video_token="<video>",
        fake_image_token="<fake_token_around_image>",
        end_of_utterance_token="<end_of_utterance>",
    )
    tile = {"longest_edge": 32}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(size={"longest_edge": 64}, max_image_size=tile),
        tokens,
        SmolVLMVideoProcessor(size=tile, max_image_size=tile, fps=1, num_frames=8),
        image_seq_len=4,
        chat_template=chat_template("<image>", "<video>"),
    )
    config = SmolVLMConfig(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 32,
            "patch_size": 8,
        },
        text_config={"model_type": "llama", **TEXT},
        image_token_id=tokens.image_token_id,
        pad_token_id=1,
        scale_factor=2,
    )
    return SmolVLMForConditionalGeneration, config, processor


QWEN_VISION = {"patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2}
QWEN_PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
QWEN_VIDEO = "<|vision_start|><|video_pad|><|vision_end|>"


def _qwen_tokens():
    return tokenizer("<|vision_start|>", "<|vision_end|>", image_token="<|image_pad|>", video_token="<|video_pad|>")


def _qwen_ids(tokens):
    return {
        "image_token_id": tokens.image_token_id,
        "video_token_id": tokens.video_token_id,
        "vision_start_token_id": tokens.convert_tokens_to_ids("<|vision_start|>"),
        "vision_end_token_id": tokens.convert_tokens_to_ids("<|vision_end|>"),
    }


def qwen2_5_vl():
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    tokens = _qwen_tokens()
    size = {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 64}
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(size=size, **_renamed(QWEN_VISION)),
        tokens,
        Qwen2VLVideoProcessor(size=size, **_renamed(QWEN_VISION)),
        chat_template=chat_template(QWEN_PICTURE, QWEN_VIDEO),
    )
    config = Qwen2_5_VLConfig(
        text_config={
            **TEXT,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]},
        },
        vision_config={
            **QWEN_VISION,
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 4,
            "window_size": 56,
            "out_hidden_size": 32,
            "fullatt_block_indexes": [1],
        },
        **_qwen_ids(tokens),
    )
    return Qwen2_5_VLForConditionalGeneration, config, processor


def _renamed(vision):
    return {"merge_size" if key == "spatial_merge_size" else key: value for key, value in vision.items()}


BUILDERS = {"smolvlm": smolvlm, "qwen2.5-vl": qwen2_5_vl, **STYLED}
