"""Tiny random embedding models of the real classes, saved as their folders: they prove plumbing, never quality."""

import json
from pathlib import Path

from tests.tiny_tokens import tokenizer


def clip(folder: Path) -> Path:
    """Pictures of 32 px and texts in 16 dimensions; texts are padded, and pooled at their end."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    tokens = _ended()
    text = {**_SMALL, "vocab_size": len(tokens), "max_position_embeddings": 40, "eos_token_id": tokens.eos_token_id}
    text |= {"bos_token_id": tokens.bos_token_id, "pad_token_id": tokens.pad_token_id}
    config = CLIPConfig(text_config=text, vision_config={**_SMALL, **_EYE}, projection_dim=16)
    pictures = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return _saved(CLIPModel(config), CLIPProcessor(image_processor=pictures, tokenizer=tokens), folder)


def siglip(folder: Path) -> Path:
    """Pictures of 32 px and texts in 24 dimensions; texts are padded to 64 tokens, whatever their length."""
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    tokens = _ended()
    text = {**_SMALL, "vocab_size": len(tokens), "max_position_embeddings": 64, "projection_size": 24}
    config = SiglipConfig(text_config=text, vision_config={**_SMALL, **_EYE})
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32})
    return _saved(SiglipModel(config), SiglipProcessor(image_processor=pictures, tokenizer=tokens), folder)


def sentences(folder: Path, *, pooling: str = "mean_tokens") -> Path:
    """Texts in 24 dimensions, as sentence-transformers saves them."""
    from transformers import BertConfig, BertModel

    tokens = _ended()
    model = BertModel(BertConfig(vocab_size=len(tokens), max_position_embeddings=64, **_SMALL))
    _saved(model, tokens, folder)
    (folder / "1_Pooling").mkdir()
    modes = {f"pooling_mode_{mode}": mode == pooling for mode in ("mean_tokens", "cls_token", "max_tokens")}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 24, **modes}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48, "do_lower_case": False}))
    return folder


_SMALL = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_EYE = {"image_size": 32, "patch_size": 8}


def _ended():
    """Bytes, and an end to each text."""
    from tokenizers.processors import TemplateProcessing

    tokens = tokenizer()
    tokens.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", tokens.eos_token_id)]
    )
    return tokens


def _saved(model, processor, folder: Path) -> Path:
    """Weights by chance, but the same each time."""
    import torch

    chance = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(0, 0.2, generator=chance)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
