"""Tiny random models of the real classes, as folders that `transformers` loads: they prove plumbing, never quality."""

from pathlib import Path

from tests.tiny_chat import CHAT
from tests.tiny_llava import LLAVA
from tests.tiny_qwen import QWEN
from tests.tiny_styled import STYLED


def build(family: str, folder: Path) -> Path:
    """Write the family's tiny model, of the same random weights each time, into `folder`."""
    import torch

    model_class, config, processor = BUILDERS[family]()
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = model_class(config).eval()
        for weights in model.parameters():
            _livelier(weights.data)
    model.generation_config.update(bos_token_id=0, pad_token_id=1, eos_token_id=2)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _livelier(weights):
    """As initialised all pictures look alike: what is near zero is drawn anew, and gates open."""
    if weights.ndim > 1 and weights.std() < 0.3:
        weights.normal_(std=0.16)
    elif weights.numel() == 1:
        weights.fill_(0.5)


CHAT_FAMILIES = {**CHAT, **QWEN, **LLAVA}
BUILDERS = {**CHAT_FAMILIES, **STYLED}
