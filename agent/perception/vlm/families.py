"""The families of vision-language models, and how each is reached: the table behind `vidette models`."""

from dataclasses import dataclass
from typing import Literal

from vidette.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of models.

    `model_types`: of its config.json. `style`: `chat` has a chat template and answers in JSON; `task` knows set tasks.
    `video`: its processor takes frames as a video, too. `boxes`: name of its codec, empty for none. `licence`: of the
    weights, as their publisher states it. `memory`: of the smallest usual size, in bf16. No family was run with real
    weights by its tests: they prove plumbing, on tiny random models.
    """

    name: str
    model_types: tuple[str, ...] = ()
    style: Literal["chat", "task"] = "chat"
    images: Literal["many", "one"] = "many"
    video: bool = False
    boxes: str = ""
    masks: bool = False
    licence: str = ""
    memory: str = ""
    reached: Literal["transformers", "server", "converted", "trust_remote_code"] = "transformers"
    note: str = ""


_QWEN = "Apache-2.0; 72B: Qwen licence"
_LLAMA2 = "Llama 2 Community (Vicuna)"
_SERVED = "no class in transformers"

FAMILIES: tuple[Family, ...] = (
    Family(
        name="SmolVLM, SmolVLM2",
        model_types=("smolvlm",),
        video=True,
        licence="Apache-2.0",
        memory="256M: 1 GB; 2.2B: 6 GB",
    ),
    Family(
        name="Qwen2.5-VL",
        model_types=("qwen2_5_vl",),
        video=True,
        boxes="qwen2_5_vl",
        licence="7B, 32B: Apache-2.0; 3B: Qwen Research (not commercial); 72B: Qwen licence",
        memory="3B: 8 GB; 7B: 18 GB",
        note="boxes in pixels of the resized picture",
    ),
    Family(
        name="Qwen3-VL",
        model_types=("qwen3_vl", "qwen3_vl_moe"),
        video=True,
        boxes="qwen3_vl",
        licence="Apache-2.0",
        memory="2B: 5 GB; 8B: 19 GB; 30B-A3B: 64 GB",
    ),
    Family(
        name="Qwen2-VL",
        model_types=("qwen2_vl",),
        video=True,
        boxes="qwen2_vl",
        licence=_QWEN,
        memory="2B: 5 GB; 7B: 18 GB",
    ),
    Family(
        name="InternVL",
        model_types=("internvl",),
        video=True,
        boxes="internvl",
        licence="MIT, with Apache-2.0 for the language model; differs by size",
        memory="1B: 3 GB; 8B: 18 GB",
        note="folders named -hf only",
    ),
    Family(
        name="Gemma 3",
        model_types=("gemma3",),
        licence="Gemma Terms of Use",
        memory="4B: 10 GB; 12B: 26 GB",
        note="the 1B has no eyes",
    ),
    Family(
        name="LLaVA-OneVision",
        model_types=("llava_onevision",),
        video=True,
        licence="Apache-2.0",
        memory="0.5B: 3 GB; 7B: 18 GB",
    ),
    Family(
        name="LLaVA-NeXT 1.6",
        model_types=("llava_next",),
        licence="of its language model: Apache-2.0 (Mistral), Llama 2 Community (Vicuna)",
        memory="7B: 17 GB",
    ),
    Family(
        name="LLaVA-NeXT-Video",
        model_types=("llava_next_video",),
        video=True,
        licence=_LLAMA2,
        memory="7B: 17 GB",
    ),
    Family(name="LLaVA-1.5", model_types=("llava",), licence=_LLAMA2, memory="7B: 15 GB"),
    Family(
        name="Yi-VL",
        model_types=("llava",),
        licence="Apache-2.0 (at first: Yi licence)",
        memory="6B: 14 GB",
        reached="converted",
        note="`vidette models convert SOURCE OUT` makes a LLaVA folder of it",
    ),
    Family(
        name="Video-LLaVA",
        model_types=("video_llava",),
        video=True,
        licence="code Apache-2.0; weights Llama 2 Community, research",
        memory="7B: 16 GB",
        note="a video is 8 frames",
    ),
    Family(name="Idefics3", model_types=("idefics3",), licence="Apache-2.0 (made from Llama 3.1)", memory="8B: 18 GB"),
    Family(
        name="Llama 3.2 Vision",
        model_types=("mllama",),
        licence="Llama 3.2 Community (not granted in the EU)",
        memory="11B: 23 GB",
    ),
    Family(
        name="DeepSeek-VL",
        model_types=("deepseek_vl",),
        licence="DeepSeek licence",
        memory="1.3B: 4 GB",
    ),
    Family(
        name="DeepSeek-VL hybrid",
        model_types=("deepseek_vl_hybrid",),
        licence="DeepSeek licence",
        memory="7B: 16 GB",
    ),
    Family(
        name="Florence-2",
        model_types=("florence2",),
        style="task",
        images="one",
        boxes="florence2",
        masks=True,
        licence="MIT",
        memory="0.2B: 1 GB; 0.8B: 2 GB",
        note="folders with transformers' own class only (florence-community)",
    ),
    Family(
        name="PaliGemma 1 and 2",
        model_types=("paligemma",),
        style="task",
        images="one",
        boxes="paligemma",
        licence="Gemma Terms of Use",
        memory="3B: 7 GB",
        note="its masks need a decoder that is not in the model",
    ),
    Family(
        name="Kosmos-2",
        model_types=("kosmos-2",),
        style="task",
        images="one",
        boxes="kosmos2",
        licence="MIT",
        memory="1.6B: 4 GB",
    ),
    Family(
        name="BLIP-2",
        model_types=("blip-2",),
        style="task",
        images="one",
        licence="MIT; OPT weights not commercial",
        memory="2.7B: 8 GB",
    ),
    Family(
        name="Fuyu",
        model_types=("fuyu",),
        style="task",
        images="one",
        boxes="fuyu",
        licence="CC-BY-NC-4.0",
        memory="8B: 18 GB",
    ),
    Family(
        name="moondream2",
        licence="Apache-2.0",
        memory="1.9B: 4 GB",
        reached="server",
        note=f"{_SERVED}; Ollama has it",
    ),
    Family(
        name="CogVLM",
        licence="CogVLM licence (registration for commerce)",
        memory="17B: 36 GB",
        reached="server",
        note=f"{_SERVED}; its repository has a server",
    ),
    Family(
        name="NVLM",
        licence="CC-BY-NC-4.0",
        memory="72B: 160 GB",
        reached="server",
        note=f"{_SERVED}; vLLM has it",
    ),
    Family(
        name="VILA, LongVILA",
        video=True,
        licence="CC-BY-NC-4.0",
        memory="3B: 8 GB",
        reached="server",
        note=f"{_SERVED}; its repository has a server",
    ),
    Family(
        name="any other",
        reached="trust_remote_code",
        licence="see its card",
        note="a folder that brings its code, a processor and a chat template, when the settings name its model type",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A good model to begin with, by what there is to run it on."""

    place: str
    model: str
    licence: str
    memory: str


FIRST: tuple[First, ...] = (
    First(place="CPU", model="SmolVLM2-500M-Video-Instruct", licence="Apache-2.0", memory="2 GB (float32)"),
    First(place="GPU, 8 GB", model="Qwen3-VL-2B-Instruct", licence="Apache-2.0", memory="5 GB"),
    First(place="GPU, 24 GB", model="Qwen3-VL-8B-Instruct", licence="Apache-2.0", memory="18 GB"),
    First(place="GPU, 80 GB", model="Qwen3-VL-30B-A3B-Instruct", licence="Apache-2.0", memory="64 GB"),
)


def family_of(model_type: str) -> Family:
    """The family whose config.json says so; a converted one is the family that it became. Raises ConfigError."""
    own = (family for family in FAMILIES if family.reached == "transformers" and model_type in family.model_types)
    if family := next(own, None):
        return family
    known = ", ".join(sorted({kind for family in FAMILIES for kind in family.model_types}))
    raise ConfigError(f"no family of models for type {model_type[:80]!r}; in this process there is {known}")
