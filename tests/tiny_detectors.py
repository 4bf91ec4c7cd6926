"""Tiny random detectors of transformers' real classes, as folders: they prove plumbing, never quality."""

from pathlib import Path

NAMES = {0: "person", 1: "car", 2: "Dog", 3: "traffic light"}
RESNET = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 8, 16, 16],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
    "out_features": ["stage2", "stage3", "stage4"],
}
DETR = {
    "d_model": 32,
    "num_queries": 10,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
}
RT_RESNET = {"model_type": "rt_detr_resnet", **{k: v for k, v in RESNET.items() if k != "model_type"}}
RT = {
    "encoder_hidden_dim": 32,
    "encoder_in_channels": [8, 16, 16],
    "encoder_ffn_dim": 32,
    "encoder_attention_heads": 2,
    "d_model": 32,
    "decoder_in_channels": [32, 32, 32],
    "num_queries": 10,
    "decoder_layers": 2,
    "decoder_ffn_dim": 32,
    "decoder_attention_heads": 2,
    "num_denoising": 0,
    "hidden_expansion": 1.0,
    "anchor_image_size": None,
}
OWL_TEXT = {
    "vocab_size": 600,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 48,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}
OWL_VISION = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 64,
    "patch_size": 16,
}
SIDES = {"shortest_edge": 64, "longest_edge": 96}


def build(kind: str, folder: Path) -> Path:
    """Write the tiny model of that type, of the same random weights each time, into `folder`."""
    import torch

    model, processor = BUILDERS[kind]()
    with torch.random.fork_rng():
        torch.manual_seed(7)
        made = model[0](model[1]).eval()
        for weights in made.parameters():
            if weights.ndim > 1:
                torch.nn.init.normal_(weights, std=0.3)
    made.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def detr():
    from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessor

    backbone = {**RESNET, "out_features": ["stage4"]}
    config = DetrConfig(use_timm_backbone=False, backbone=None, backbone_config=backbone, id2label=NAMES, **DETR)
    return (DetrForObjectDetection, config), DetrImageProcessor(size=SIDES)


def conditional_detr():
    from transformers import ConditionalDetrConfig, ConditionalDetrForObjectDetection, ConditionalDetrImageProcessor

    backbone = {**RESNET, "out_features": ["stage4"]}
    config = ConditionalDetrConfig(
        use_timm_backbone=False, backbone=None, backbone_config=backbone, id2label=NAMES, **DETR
    )
    return (ConditionalDetrForObjectDetection, config), ConditionalDetrImageProcessor(size=SIDES)


def deformable_detr():
    from transformers import DeformableDetrConfig, DeformableDetrForObjectDetection, DeformableDetrImageProcessor

    config = DeformableDetrConfig(
        use_timm_backbone=False, backbone=None, backbone_config=RESNET, id2label=NAMES, num_feature_levels=3, **DETR
    )
    return (DeformableDetrForObjectDetection, config), DeformableDetrImageProcessor(size=SIDES)


def yolos():
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessor

    config = YolosConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=[64, 96],
        patch_size=16,
        num_detection_tokens=10,
        id2label=NAMES,
    )
    return (YolosForObjectDetection, config), YolosImageProcessor(size=SIDES)


def rt_detr():
    from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrImageProcessor

    config = RTDetrConfig(backbone_config=RT_RESNET, id2label=NAMES, **RT)
    return (RTDetrForObjectDetection, config), RTDetrImageProcessor(size={"height": 64, "width": 64})


def rt_detr_v2():
    from transformers import RTDetrImageProcessor, RTDetrV2Config, RTDetrV2ForObjectDetection

    config = RTDetrV2Config(backbone_config=RT_RESNET, id2label=NAMES, **RT)
    return (RTDetrV2ForObjectDetection, config), RTDetrImageProcessor(size={"height": 64, "width": 64})


def owlv2(classes=("Owlv2Config", "Owlv2ForObjectDetection", "Owlv2ImageProcessor", "Owlv2Processor")):
    import transformers

    from tests.tiny_tokens import tokenizer

    config, model, pictures, processor = (getattr(transformers, name) for name in classes)
    tokens = _ended(tokenizer())
    tokens.model_max_length = OWL_TEXT["max_position_embeddings"]
    made = config(text_config=OWL_TEXT, vision_config=OWL_VISION, projection_dim=32)
    reads = processor(image_processor=pictures(size={"height": 64, "width": 64}), tokenizer=tokens)
    return (model, made), reads


def _ended(tokens):
    """With an end behind each text that has the highest id: what these models make of a text is read there."""
    from tokenizers.processors import TemplateProcessing

    tokens.add_special_tokens({"extra_special_tokens": ["<|ended|>"]}, replace_extra_special_tokens=False)
    end = ("<|ended|>", tokens.convert_tokens_to_ids("<|ended|>"))
    tokens.backend_tokenizer.post_processor = TemplateProcessing(single="$A <|ended|>", special_tokens=[end])
    return tokens


def owlvit():
    return owlv2(("OwlViTConfig", "OwlViTForObjectDetection", "OwlViTImageProcessor", "OwlViTProcessor"))


def bert_tokenizer():
    """A token a letter, and a dot: as BERT's, with `[CLS]` and `[SEP]` round a text."""
    from transformers import BertTokenizer

    first = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "-"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    names = [*first, *letters, *(f"##{letter}" for letter in letters)]
    return BertTokenizer(vocab={name: number for number, name in enumerate(names)})


def grounding_dino(name="GroundingDino"):
    import transformers

    tokens = bert_tokenizer()
    text = {
        "model_type": "bert",
        "vocab_size": len(tokens),
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 256,
    }
    swin = {
        "model_type": "swin",
        "embed_dim": 8,
        "depths": [1, 1, 1, 1],
        "num_heads": [1, 1, 2, 2],
        "window_size": 4,
        "image_size": 64,
        "out_features": ["stage2", "stage3", "stage4"],
    }
    config = getattr(transformers, f"{name}Config")(
        text_config=text, backbone_config=swin, num_feature_levels=3, disable_custom_kernels=True, **DETR
    )
    pictures = transformers.GroundingDinoImageProcessor(size=SIDES)
    reads = transformers.GroundingDinoProcessor(image_processor=pictures, tokenizer=tokens)
    return (getattr(transformers, f"{name}ForObjectDetection"), config), reads


def mm_grounding_dino():
    return grounding_dino("MMGroundingDino")


BUILDERS = {
    "conditional_detr": conditional_detr,
    "deformable_detr": deformable_detr,
    "detr": detr,
    "grounding-dino": grounding_dino,
    "mm-grounding-dino": mm_grounding_dino,
    "owlv2": owlv2,
    "owlvit": owlvit,
    "rt_detr": rt_detr,
    "rt_detr_v2": rt_detr_v2,
    "yolos": yolos,
}
