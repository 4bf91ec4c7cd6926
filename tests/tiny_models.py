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
            if weights.ndim > 1:
                weights.data *= 8  # as initialised all pictures look alike
    model.generation_config.update(bos_token_id=0, pad_token_id=1, eos_token_id=2)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


BUILDERS = {**CHAT, **QWEN, **LLAVA, **STYLED}
