"""Tiny random models of LLaVA and its descendants: each of its real classes, shapes made small."""

from tests.tiny_tokens import chat_template, tokenizer

TEXT = {
    "vocab_size": 384,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 16384,  # a token a byte: a whole question is long
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}
LLAMA = {"model_type": "llama", **TEXT}
WIDE = {"hidden_size": 64, "intermediate_size": 128}
"""For models that are quantised in tests: 4 bits go by blocks of 64."""
VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 28,
    "patch_size": 14,
}
CLIP = {"model_type": "clip_vision_model", "projection_dim": 32, **VISION}
SIGLIP = {"model_type": "siglip_vision_model", "vision_use_head": False, **VISION}
GRID = [[28, 56], [56, 28], [56, 56]]
SQUARE = {"height": 28, "width": 28}
FED = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
"""What these processors count tokens with; they must be those of the model."""


def _tokens():
    return tokenizer(image_token="<image>", video_token="<video>")


def _ids(tokens, *, video=True):
    ids = {"image_token_index": tokens.image_token_id}
    return ids | ({"video_token_index": tokens.video_token_id} if video else {})


def llava():
    from transformers import CLIPImageProcessor, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    tokens = _tokens()
    pictures = CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=SQUARE)
    processor = LlavaProcessor(pictures, tokens, chat_template=chat_template("<image>"), **FED)
    config = LlavaConfig(text_config=LLAMA, vision_config=CLIP, image_seq_length=4, **_ids(tokens, video=False))
    return LlavaForConditionalGeneration, config, processor


def llava_next():
    from transformers import (
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextImageProcessor,
        LlavaNextProcessor,
    )

    tokens = _tokens()
    pictures = LlavaNextImageProcessor(size={"shortest_edge": 28}, crop_size=SQUARE, image_grid_pinpoints=GRID)
    processor = LlavaNextProcessor(pictures, tokens, chat_template=chat_template("<image>"), **FED)
    config = LlavaNextConfig(
        text_config=LLAMA, vision_config=CLIP, image_grid_pinpoints=GRID, **_ids(tokens, video=False)
    )
    return LlavaNextForConditionalGeneration, config, processor


def llava_next_video():
    from transformers import (
        LlavaNextImageProcessor,
        LlavaNextVideoConfig,
        LlavaNextVideoForConditionalGeneration,
        LlavaNextVideoProcessor,
        LlavaNextVideoVideoProcessor,
    )

    tokens = _tokens()
    size = {"size": {"shortest_edge": 56}, "crop_size": {"height": 56, "width": 56}}
    processor = LlavaNextVideoProcessor(
        LlavaNextVideoVideoProcessor(**size),
        LlavaNextImageProcessor(**size, image_grid_pinpoints=[[56, 112], [112, 56], [112, 112]]),
        tokens,
        chat_template=chat_template("<image>", "<video>"),
        **FED,
    )
    config = LlavaNextVideoConfig(
        text_config=LLAMA,
        vision_config={**CLIP, "image_size": 56},
        image_grid_pinpoints=[[56, 112], [112, 56], [112, 112]],
        **_ids(tokens),
    )
    return LlavaNextVideoForConditionalGeneration, config, processor


def llava_onevision():
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    tokens = _tokens()
    processor = LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(size=SQUARE, image_grid_pinpoints=GRID),
        tokens,
        LlavaOnevisionVideoProcessor(size=SQUARE),
        num_image_tokens=4,
        vision_feature_select_strategy="full",
        chat_template=chat_template("<image>", "<video>"),
    )
    config = LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **TEXT},
        vision_config=SIGLIP,
        image_grid_pinpoints=GRID,
        **_ids(tokens),
    )
    return LlavaOnevisionForConditionalGeneration, config, processor


def video_llava():
    from transformers import (
        VideoLlavaConfig,
        VideoLlavaForConditionalGeneration,
        VideoLlavaImageProcessor,
        VideoLlavaProcessor,
        VideoLlavaVideoProcessor,
    )

    tokens = _tokens()
    size = {"size": {"shortest_edge": 28}, "crop_size": SQUARE}
    processor = VideoLlavaProcessor(
        VideoLlavaImageProcessor(**size),
        VideoLlavaVideoProcessor(**size),
        tokens,
        chat_template=chat_template("<image>", "<video>"),
        **FED,
    )
    config = VideoLlavaConfig(
        text_config=LLAMA, vision_config=CLIP, image_seq_length=4, video_seq_length=40, **_ids(tokens)
    )
    return VideoLlavaForConditionalGeneration, config, processor


LLAVA = {
    "llava": llava,
    "llava-next": llava_next,
    "llava-next-video": llava_next_video,
    "llava-onevision": llava_onevision,
    "video-llava": video_llava,
}
