"""Tiny random models of the families without a chat template: each of its real classes, shapes made small."""

from tests.tiny_tokens import tokenizer

GEMMA = {
    "vocab_size": 2048,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}
SIGLIP = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 28,
    "patch_size": 14,
}


def paligemma(text: str = "gemma"):
    from transformers import (
        PaliGemmaConfig,
        PaliGemmaForConditionalGeneration,
        PaliGemmaProcessor,
        SiglipImageProcessor,
    )

    tokens = tokenizer(image_token="<image>")
    pictures = SiglipImageProcessor(size={"height": 28, "width": 28})
    pictures.image_seq_length = 4
    processor = PaliGemmaProcessor(pictures, tokens)
    config = PaliGemmaConfig(
        vision_config={"model_type": "siglip_vision_model", "vision_use_head": False, **SIGLIP},
        text_config={"model_type": text, **GEMMA},
        image_token_index=tokens.image_token_id,
        projection_dim=32,
        hidden_size=32,
        vocab_size=2048,
    )
    return PaliGemmaForConditionalGeneration, config, processor


def paligemma2():
    return paligemma("gemma2")


def kosmos2():
    from transformers import CLIPImageProcessor, Kosmos2Config, Kosmos2ForConditionalGeneration, Kosmos2Processor

    tokens = tokenizer()
    pictures = CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    processor = Kosmos2Processor(pictures, tokens)
    config = Kosmos2Config(
        text_config={
            "vocab_size": len(tokens),
            "embed_dim": 32,
            "layers": 2,
            "ffn_dim": 48,
            "attention_heads": 4,
            "max_position_embeddings": 512,
            "bos_token_id": 0,
            "pad_token_id": 1,
            "eos_token_id": 2,
        },
        vision_config=SIGLIP,
        latent_query_num=64,
    )
    return Kosmos2ForConditionalGeneration, config, processor


LOCATION = "".join("<loc_(\\d+)>" for _ in range(4))
FLORENCE_TASKS = {
    "ocr": {"PATTERN": "(.+?)" + LOCATION * 2, "AREA_THRESHOLD": 0.0},
    "phrase_grounding": {"banned_grounding_tokens": []},
    "pure_text": {},
    "description_with_bboxes": {},
    "description_with_polygons": {},
    "polygons": {},
    "bboxes": {},
    "description_with_bboxes_or_polygons": {},
}


def florence2():
    from transformers import CLIPImageProcessor, Florence2Config, Florence2ForConditionalGeneration, Florence2Processor

    tokens = tokenizer(*(f"<loc_{i}>" for i in range(1000)), image_token="<image>")
    pictures = CLIPImageProcessor(size={"height": 64, "width": 64}, do_center_crop=False)
    pictures.image_seq_length = 5  # 2 x 2 places and their mean
    processor = Florence2Processor(pictures, tokens, post_processor_config=FLORENCE_TASKS)
    ends = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    text = {"model_type": "bart", "vocab_size": len(tokens), "d_model": 32, "max_position_embeddings": 256, **ends}
    text |= {f"{side}_{what}": n for side in ("encoder", "decoder") for what, n in _BART.items()}
    vision = {
        "depths": [1, 1, 1, 1],
        "embed_dim": [16, 16, 16, 32],
        "num_heads": [2, 2, 2, 4],
        "num_groups": [2, 2, 2, 4],
        "window_size": 4,
        "projection_dim": 32,
    }
    config = Florence2Config(text_config=text, vision_config=vision, image_token_id=tokens.image_token_id, **ends)
    return Florence2ForConditionalGeneration, config, processor


_BART = {"layers": 2, "attention_heads": 4, "ffn_dim": 48}


def blip2():
    from transformers import Blip2Config, Blip2ForConditionalGeneration, Blip2Processor, BlipImageProcessor

    tokens = tokenizer()
    processor = Blip2Processor(BlipImageProcessor(size={"height": 28, "width": 28}), tokens, num_query_tokens=4)
    text = {
        "model_type": "opt",
        "vocab_size": 384,
        "hidden_size": 32,
        "ffn_dim": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "word_embed_proj_dim": 32,
        "max_position_embeddings": 512,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
    }
    asking = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "encoder_hidden_size": 32,
    }
    config = Blip2Config(
        vision_config=SIGLIP,
        qformer_config=asking,
        text_config=text,
        num_query_tokens=4,
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
    )
    return Blip2ForConditionalGeneration, config, processor


def fuyu():
    from transformers import FuyuConfig, FuyuForCausalLM, FuyuImageProcessor, FuyuProcessor

    # the processor drops the first token of the pictures' places: a space, as SentencePiece writes before a text
    tokens = tokenizer(words=("|SPEAKER|", "|NEWLINE|", *(f"<0x0{i}>" for i in range(5))))
    pictures = FuyuImageProcessor(size={"height": 60, "width": 90}, patch_size={"height": 30, "width": 30})
    processor = FuyuProcessor(pictures, tokens)
    text = {
        "model_type": "persimmon",
        "vocab_size": 384,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 512,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
    }
    config = FuyuConfig(text_config=text, patch_size=30, image_token_id=tokens.convert_tokens_to_ids("|SPEAKER|"))
    return FuyuForCausalLM, config, processor


STYLED = {
    "paligemma": paligemma,
    "paligemma2": paligemma2,
    "kosmos-2": kosmos2,
    "florence-2": florence2,
    "blip-2": blip2,
    "fuyu": fuyu,
}
