"""Yi-VL: LLaVA but for its projector, which norms what it projects; transformers has no class for that."""

from typing import Any

from agent.perception.vlm.local.torch_ready import Libraries

PROJECTOR = "yi_vl"
"""What `projector` in config.json says of such a folder."""


def is_yi_vl(config: dict[str, Any]) -> bool:
    """Whether a config.json is that of a converted Yi-VL."""
    return config.get("model_type") == "llava" and config.get("projector") == PROJECTOR


def yi_vl_class(ready: Libraries) -> Any:
    """Its class: that of LLaVA, with linear, norm, GELU, linear, norm between pictures and words (01-ai/Yi, `VL/`)."""
    nn = ready.torch.nn

    class Projector(nn.Module):  # type: ignore[misc, name-defined]  # torch is loaded when it is needed
        def __init__(self, config: Any) -> None:
            super().__init__()
            inner, outer = config.vision_config.hidden_size, config.text_config.hidden_size
            self.linear_1, self.norm_1 = nn.Linear(inner, outer), nn.LayerNorm(outer)
            self.linear_2, self.norm_2 = nn.Linear(outer, outer), nn.LayerNorm(outer)

        def forward(self, features: Any) -> Any:
            return self.norm_2(self.linear_2(nn.functional.gelu(self.norm_1(self.linear_1(features)))))

    class YiVl(ready.transformers.LlavaForConditionalGeneration):  # type: ignore[misc, name-defined]
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.model.multi_modal_projector = Projector(config)

    return YiVl
