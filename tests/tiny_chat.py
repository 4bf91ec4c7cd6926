"""Tiny random models of the other families with a chat template: each of its real classes, shapes made small."""

from tests.tiny_llava import LLAMA, SIGLIP, SQUARE, TEXT, VISION, WIDE
from tests.tiny_tokens import chat_template, tokenizer

TILE = {"longest_edge": 32}
TILES = [f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)]
IDEFICS_VISION = {**VISION, "image_size": 32, "patch_size": 8}
IDEFICS_TOKENS = {
    "image_token": "<image>",
    "fake_image_token": "<fake_token_around_image>",
    "end_of_utterance_token": "<end_of_utterance>",
}


def smolvlm():
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    tokens = tokenizer("<global-img>", *TILES, video_token="<video>", **IDEFICS_TOKENS)
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(size={"longest_edge": 64}, max_image_size=TILE),
        tokens,
        SmolVLMVideoProcessor(size=TILE, max_image_size=TILE, fps=1, num_frames=8),
        image_seq_len=4,
        chat_template=chat_template("<image>", "<video>"),
    )
    config = SmolVLMConfig(
        vision_config={**IDEFICS_VISION, **WIDE},
        text_config={**LLAMA, **WIDE},
        image_token_id=tokens.image_token_id,
        pad_token_id=1,
        scale_factor=2,
    )
    return SmolVLMForConditionalGeneration, config, processor


def idefics3():
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessor,
        Idefics3Processor,
    )

    tokens = tokenizer("<global-img>", *TILES, **IDEFICS_TOKENS)
    pictures = Idefics3ImageProcessor(size={"longest_edge": 64}, max_image_size=TILE)
    processor = Idefics3Processor(pictures, tokens, image_seq_len=4, chat_template=chat_template("<image>"))
    config = Idefics3Config(
        vision_config=IDEFICS_VISION,
        text_config=LLAMA,
        image_token_id=tokens.image_token_id,
        pad_token_id=1,
        scale_factor=2,
    )
    return Idefics3ForConditionalGeneration, config, processor


def internvl():
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLConfig,
        InternVLForConditionalGeneration,
        InternVLProcessor,
        InternVLVideoProcessor,
    )

    tokens = tokenizer(
        start_image_token="<img>", end_image_token="</img>", context_image_token="<IMG_CONTEXT>", video_token="<video>"
    )
    processor = InternVLProcessor(
        GotOcr2ImageProcessor(size=SQUARE, max_patches=4),
        tokens,
        InternVLVideoProcessor(size=SQUARE),
        image_seq_length=1,
        chat_template=chat_template("<IMG_CONTEXT>", "<video>"),
    )
    config = InternVLConfig(
        vision_config={**VISION, "image_size": [28, 28], "patch_size": [14, 14]},
        text_config={"model_type": "qwen2", **TEXT},
        image_token_id=tokens.context_image_token_id,
        image_seq_length=1,
    )
    return InternVLForConditionalGeneration, config, processor


def mllama():
    from transformers import (
        MllamaConfig,
        MllamaForConditionalGeneration,
        MllamaImageProcessor,
        MllamaProcessor,
    )

    tokens = tokenizer("<|python_tag|>", image_token="<|image|>")
    pictures = MllamaImageProcessor(size=SQUARE, max_image_tiles=4)
    refusing = (
        "{% for m in messages %}{% if m['role'] == 'system' %}"
        "{{ raise_exception('Prompting with images is incompatible with system messages.') }}{% endif %}{% endfor %}"
    )
    processor = MllamaProcessor(pictures, tokens, chat_template=refusing + chat_template("<|image|>"))
    config = MllamaConfig(
        text_config={**TEXT, "num_hidden_layers": 3, "cross_attention_layers": [1], "rope_parameters": ROPE},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_global_layers": 1,
            "attention_heads": 4,
            "image_size": 28,
            "patch_size": 14,
            "max_num_tiles": 4,
            "intermediate_layers_indices": [0],
            "vision_output_dim": 64,
        },
        image_token_index=tokens.image_token_id,
    )
    return MllamaForConditionalGeneration, config, processor


ROPE = {"rope_type": "default", "rope_theta": 1e4}


def deepseek_vl():
    from transformers import (
        DeepseekVLConfig,
        DeepseekVLForConditionalGeneration,
        DeepseekVLImageProcessor,
        DeepseekVLProcessor,
    )

    tokens = tokenizer(image_token="<image_placeholder>")
    template = chat_template("<image_placeholder>")
    processor = DeepseekVLProcessor(DeepseekVLImageProcessor(size=SQUARE), tokens, template, num_image_tokens=4)
    config = DeepseekVLConfig(text_config=LLAMA, vision_config=SIGLIP, image_token_id=tokens.image_token_id)
    return DeepseekVLForConditionalGeneration, config, processor


def deepseek_vl_hybrid():
    from transformers import (
        DeepseekVLHybridConfig,
        DeepseekVLHybridForConditionalGeneration,
        DeepseekVLHybridImageProcessor,
        DeepseekVLHybridProcessor,
    )

    tokens = tokenizer(image_token="<image_placeholder>")
    pictures = DeepseekVLHybridImageProcessor(size=SQUARE, high_res_size={"height": 64, "width": 64})
    template = chat_template("<image_placeholder>")
    processor = DeepseekVLHybridProcessor(pictures, tokens, template, num_image_tokens=4)
    sharp = {
        "model_type": "sam_vision_model",
        "hidden_size": 32,
        "output_channels": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 64,
        "patch_size": 16,
        "window_size": 2,
        "global_attn_indexes": [1],
        "mlp_dim": 48,
    }
    config = DeepseekVLHybridConfig(
        text_config=LLAMA,
        vision_config=SIGLIP,
        high_res_vision_config=sharp,
        image_token_id=tokens.image_token_id,
    )
    return DeepseekVLHybridForConditionalGeneration, config, processor


def gemma3():
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3ImageProcessor,
        Gemma3Processor,
    )

    tokens = tokenizer(boi_token="<start_of_image>", eoi_token="<end_of_image>", image_token="<image_soft_token>")
    template = chat_template("<start_of_image>")
    processor = Gemma3Processor(Gemma3ImageProcessor(size=SQUARE), tokens, chat_template=template, image_seq_length=4)
    config = Gemma3Config(
        text_config={**TEXT, "head_dim": 8, "sliding_window": 512},
        vision_config=SIGLIP,
        mm_tokens_per_image=4,
        boi_token_index=tokens.boi_token_id,
        eoi_token_index=tokens.eoi_token_id,
        image_token_index=tokens.image_token_id,
    )
    return Gemma3ForConditionalGeneration, config, processor


CHAT = {
    "smolvlm": smolvlm,
    "idefics3": idefics3,
    "internvl": internvl,
    "mllama": mllama,
    "deepseek-vl": deepseek_vl,
    "deepseek-vl-hybrid": deepseek_vl_hybrid,
    "gemma3": gemma3,
}
