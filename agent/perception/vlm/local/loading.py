"""Loads a model of a local folder: nothing is fetched, nothing pickled is read, no code of a folder runs unasked."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from agent.perception.vlm.families import FAMILIES, Family, family_of
from agent.perception.vlm.local.adapters import adapted
from agent.perception.vlm.local.chat import Frames, chat_of
from agent.perception.vlm.local.folder import check_weights, config_of
from agent.perception.vlm.local.generation import Loaded, Style
from agent.perception.vlm.local.styled import Styled
from agent.perception.vlm.local.torch_ready import Libraries, extra, fit_for, libraries, line
from agent.perception.vlm.local.yi_vl import is_yi_vl, yi_vl_class
from vidette.errors import ConfigError

T = TypeVar("T")
_FAULTS = (OSError, ValueError, RuntimeError, TypeError, KeyError, AttributeError, ImportError, AssertionError)
_CLASSES = ("AutoModelForImageTextToText", "AutoModelForCausalLM", "AutoModel")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadWish:
    """What to load and how.

    `device`: auto, cpu, mps, cuda or one of several as cuda:1.
    `dtype` auto: bfloat16 on a GPU (float16 where it has none), float32 elsewhere. `adapters`: folders of LoRA weights,
    added one after the other. `trust_remote_code`: model types whose folder may bring code that is run here. `frames`:
    pictures of one question as pictures, or as a video where the family takes one. `temperature` 0: the likeliest words.
    """

    path: Path
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    quantise: Literal["none", "4bit", "8bit"] = "none"
    adapters: tuple[Path, ...] = ()
    trust_remote_code: tuple[str, ...] = ()
    frames: Frames = "images"
    temperature: float = 0.0
    seed: int = 0


def load(wish: LoadWish) -> Loaded:
    """The model, ready to be asked. Raises ConfigError: one line for whatever is wrong with folder or machine."""
    config = config_of(wish.path)
    family, trust = _family(config, wish)
    check_weights(wish.path)
    ready = libraries()
    fit_for(family)
    device = _device(wish, ready.torch)
    dtype = _dtype(wish, device, ready.torch)
    processor = _tried(wish, "processor", lambda: _processor(ready, wish, trust))
    style = _style(family, processor, wish)
    model = _tried(wish, "model", lambda: _model(ready, wish, config, device, dtype, trust))
    model = adapted(model, wish.adapters, merge=wish.quantise == "none")
    _one_answer(model.generation_config)
    return Loaded(
        family=family,
        libraries=ready,
        model=model.eval(),
        processor=processor,
        style=style,
        temperature=wish.temperature,
        seed=wish.seed,
    )


def family_in(wish: LoadWish) -> Family:
    """The family of the model in the folder, which is not loaded. Raises ConfigError."""
    return _family(config_of(wish.path), wish)[0]


def _family(config: dict[str, Any], wish: LoadWish) -> tuple[Family, bool]:
    """The family, and whether code of the folder is to be run: never for a family that transformers has itself."""
    kind = str(config["model_type"])
    if "mm_projector_type" in config:
        raise ConfigError(
            f"{str(wish.path)!r} is of the original LLaVA code; `vidette models convert {wish.path} NEW-FOLDER` turns it "
            "into one that can be loaded"
        )
    if is_yi_vl(config):
        return next(family for family in FAMILIES if family.reached == "converted"), False
    try:
        return family_of(kind), False
    except ConfigError as unknown:
        if "auto_map" not in config:
            raise
        if kind not in wish.trust_remote_code:
            raise ConfigError(
                f"{unknown}; its folder brings code of its own: name {kind[:80]!r} in `trust_remote_code` to run that, "
                "or let a server run the model"
            ) from None
        return Family(name=kind, model_types=(kind,), reached="trust_remote_code"), True


def _device(wish: LoadWish, torch: Any) -> str:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wish.device == "auto":
        return next(name for name, found in there.items() if found)
    if not there.get(wish.device.partition(":")[0]):
        raise ConfigError(
            f"no device {wish.device!r} here; there is {', '.join(k for k, found in there.items() if found)}"
        )
    return wish.device


def _dtype(wish: LoadWish, device: str, torch: Any) -> Any:
    if wish.dtype != "auto":
        return getattr(torch, wish.dtype)
    if device == "cpu":
        return torch.float32
    if device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16


def _processor(ready: Libraries, wish: LoadWish, trust: bool) -> Any:
    return ready.transformers.AutoProcessor.from_pretrained(wish.path, local_files_only=True, trust_remote_code=trust)


def _style(family: Family, processor: Any, wish: LoadWish) -> Style:
    if not hasattr(processor, "tokenizer"):
        raise ConfigError(f"no processor for pictures and words in {str(wish.path)!r}; copy the model again, all of it")
    return Styled(family=family) if family.style == "task" else chat_of(processor, wish.frames)


def _model(ready: Libraries, wish: LoadWish, config: dict[str, Any], device: str, dtype: Any, trust: bool) -> Any:
    model, said = _class(ready, config, trust).from_pretrained(
        wish.path,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=trust,
        dtype=dtype,
        device_map={"": device},
        quantization_config=_quantised(ready, wish, dtype),
        output_loading_info=True,
    )
    absent = sorted(said["missing_keys"])
    if absent:
        raise ValueError(f"{len(absent)} weights are not in the folder, such as {absent[0]!r}")
    return model


def _class(ready: Libraries, config: dict[str, Any], trust: bool) -> Any:
    if is_yi_vl(config):
        return yi_vl_class(ready)
    mapped = config.get("auto_map", {}) if trust else {}
    return getattr(ready.transformers, next((name for name in _CLASSES if name in mapped), _CLASSES[0]))


def _one_answer(config: Any) -> None:
    """The folder's own way to generate, without its chance, its beams and the end that it forces on what is cut.

    What is None in a configuration for one call is taken from here, so it must be set here.
    """
    config.do_sample, config.temperature = False, None
    config.num_beams, config.num_return_sequences = 1, 1
    config.max_length = config.forced_eos_token_id = config.early_stopping = config.length_penalty = None


def _quantised(ready: Libraries, wish: LoadWish, dtype: Any) -> Any:
    """Weights in 4 or 8 bits: NF4 with doubly quantised constants (Dettmers et al., QLoRA), or LLM.int8()."""
    if wish.quantise == "none":
        return None
    extra("bitsandbytes", f"`quantise: {wish.quantise}`")
    if wish.quantise == "8bit":
        return ready.transformers.BitsAndBytesConfig(load_in_8bit=True)
    return ready.transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def _tried(wish: LoadWish, what: str, step: Callable[[], T]) -> T:
    """A step of loading, whose every way to fail is one line."""
    from safetensors import SafetensorError

    try:
        return step()
    except ConfigError:
        raise
    except (SafetensorError, MemoryError, *_FAULTS) as error:
        said = line(error)
        if isinstance(error, MemoryError) or "out of memory" in said:
            raise ConfigError(
                f"{str(wish.path)!r} does not fit into memory; take a smaller model, or `quantise` it"
            ) from error
        raise ConfigError(
            f"the {what} in {str(wish.path)!r} cannot be loaded ({type(error).__name__}: {said})"
        ) from error
