"""Settings of models that see and read: deep looks, likeness, text in pictures."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vidette.bounded import DEVICE, WORD, Key, Model, Name, Secret, Share
from vidette.models import Label

_BATCH = 8
_WORDS = 64
Folder = Annotated[str, Field(min_length=1, max_length=2000)]
Word = Annotated[str, Field(min_length=1, max_length=40, pattern=WORD)]


class VisionSettings(Model):
    """A vision-language model, and how it is asked."""

    backend: Literal["none", "transformers", "openai", "recorded"] = Field(
        default="none",
        description="`none`: captions are composed from what was tracked; `transformers`: a model in this process (extra"
        " `vlm`); `openai`: a server; `recorded`: saved answers",
    )
    path: str = Field(
        default="", max_length=2000, description="transformers: the model's folder; recorded: the folder of answers"
    )
    url: str = Field(default="", max_length=2000, description="openai: its address, up to and with `/v1`")
    model: str = Field(default="", max_length=300, description="openai: the model's name there")
    api_key: Secret = Field(default="", max_length=1000, description="openai: key, if it wants one; use `${NAME}`")
    profile: Literal["plain", "vllm", "sglang", "ollama", "transformers", "hosted"] = Field(
        default="plain",
        description="openai: what kind of server; `plain` sends what most take, `transformers` no schema",
    )
    max_tokens: int = Field(default=1024, ge=64, le=32_768, description="longest answer; one that is cut is not used")
    temperature: Annotated[float, Field(ge=0, le=2)] = Field(default=0.0, description="0: the likeliest words")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of chance, where the model knows seeds")
    timeout_s: Annotated[float, Field(gt=0, le=540)] = Field(default=60.0, description="longest time for one try")
    deadline_s: Annotated[float, Field(gt=0, le=540)] = Field(
        default=180.0,
        description="longest time for one segment, with every wait and try; of a model in this process, for one word of it",
    )
    retries: int = Field(default=3, ge=0, le=20, description="further tries where the server is busy or fails")
    concurrency: int = Field(
        default=4,
        ge=1,
        le=256,
        description="segments asked about at the same time at most; of a model in this process, at least two batches",
    )
    max_images: int = Field(default=8, ge=1, le=32, description="pictures in one question at most")
    max_side: int = Field(default=768, ge=64, le=4096, description="longer side of a picture that is sent, in pixels")
    tiles: int = Field(
        default=4, ge=0, le=8, description="parts of pictures sent larger, where things are small or moved; 0: none"
    )
    small_px: int = Field(
        default=48, ge=8, le=1024, description="a thing whose longer side has fewer pixels when sent is small"
    )
    device: str = Field(
        default="",
        pattern=DEVICE,
        description="transformers: where it runs, as `cpu` or `cuda:0`; empty: a GPU if there is one",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", description="transformers: numbers of its weights; `auto`: what the device is good at"
    )
    quantise: Literal["none", "4bit", "8bit"] = Field(
        default="none", description="transformers: smaller weights, to save memory (extra `quantised`)"
    )
    adapters: list[Folder] = Field(
        default_factory=list, max_length=8, description="transformers: folders of LoRA weights (extra `quantised`)"
    )
    frames: Literal["images", "video"] = Field(
        default="images", description="transformers: pictures go as pictures, or as a video where the model takes one"
    )
    batch: int = Field(
        default=0, ge=0, le=256, description="transformers: questions answered at once at most; 0: 8 on a GPU, else 2"
    )
    trust_remote_code: list[Name] = Field(
        default_factory=list,
        max_length=8,
        description="transformers: model types whose folder brings code of its own, which may then do anything here",
    )
    record_from: str = Field(
        default="", max_length=40, description="recorded: name of one of `others`, asked for what is not there yet"
    )
    fallback: str = Field(
        default="", max_length=40, description="name of one of `others`, asked where this one does not answer"
    )

    @property
    def at_once(self) -> int:
        """Segments looked at at the same time.

        Of a model in this process enough to fill its next batch meanwhile; of a server half as many again as it is asked
        about, whose questions are made ready while those are answered.
        """
        match self.backend:
            case "transformers":
                return max(self.concurrency, 2 * (self.batch or _BATCH))
            case "openai":
                return self.concurrency + -(-self.concurrency // 2)
            case _:
                return self.concurrency

    @model_validator(mode="after")
    def _complete(self) -> "VisionSettings":
        needs: dict[str, tuple[str, ...]] = {
            "none": (),
            "transformers": ("path",),
            "openai": ("url", "model"),
            "recorded": ("path",),
        }
        for name in needs[self.backend]:
            if not getattr(self, name):
                raise ValueError(f"backend {self.backend} needs `{name}`")
        return self


class NamedVision(VisionSettings):
    """A further model, for `fallback` and `record_from`."""

    name: Key = Field(description="what `fallback` and `record_from` call it")


class VlmSettings(VisionSettings):
    """Deep looks by a vision-language model."""

    calls_per_hour: int = Field(
        default=0, ge=0, le=1_000_000, description="deep looks of all streams in an hour at most; 0: no bound"
    )
    stream_calls_per_hour: int = Field(
        default=0, ge=0, le=1_000_000, description="deep looks at an hour of one stream at most; 0: no bound"
    )
    tokens_per_hour: int = Field(
        default=0, ge=0, le=10**12, description="tokens of all streams in an hour, in and out; 0: no bound"
    )
    stream_tokens_per_hour: int = Field(
        default=0, ge=0, le=10**12, description="tokens for an hour of one stream, in and out; 0: no bound"
    )
    gpu_s_per_hour: Annotated[float, Field(ge=0, le=10**6)] = Field(
        default=0, description="seconds of a model in this process for all streams in an hour; 0: no bound"
    )
    stream_gpu_s_per_hour: Annotated[float, Field(ge=0, le=10**6)] = Field(
        default=0, description="seconds of a model in this process for an hour of one stream; 0: no bound"
    )
    audit: Share = Field(
        default=0.01, description="share of the segments in which the gate saw nothing that are looked at all the same"
    )
    together_s: Annotated[float, Field(ge=0, le=600)] = Field(
        default=60,
        description="segments that begin within so long of a stream are described in one question, as many as"
        " `max_images` at most; those in which an alert was raised, and streams with questions, at once and each alone; 0: all are",
    )
    describe: Literal["always", "asked"] = Field(
        default="always",
        description="`asked`: a stream's questions come first, and only where one is not answered no it is described",
    )
    others: list[NamedVision] = Field(default_factory=list, max_length=16, description="further models, by name")

    @model_validator(mode="after")
    def _named(self) -> "VlmSettings":
        names = [one.name for one in self.others]
        for said in (self, *self.others):
            for name in filter(None, (said.fallback, said.record_from)):
                if name not in names:
                    raise ValueError(f"no model {name!r} among `others`; there is {', '.join(names) or 'none'}")
        if len(set(names)) < len(names):
            raise ValueError("two of `others` have one name; each needs its own")
        return self


class DetectorSettings(Model):
    """What finds things in the pictures of a segment: boxes that tell what tracks are (extra `vlm`)."""

    backend: Literal["none", "transformers"] = Field(
        default="none", description="`transformers`: a detector in a folder; alone, or beside the model of `vlm`"
    )
    path: str = Field(
        default="", max_length=2000, description="its folder: Grounding DINO, OWLv2, RT-DETR, DETR, YOLOS and their kin"
    )
    labels: dict[Label, Annotated[list[Word], Field(min_length=1, max_length=32)]] = Field(
        default_factory=dict,
        description="words that are looked for, by label (`vehicle: [car, van]`); empty: common ones",
    )
    confidence: Share = Field(default=0.35, description="what is less sure than this is left out")
    device: str = Field(
        default="", pattern=DEVICE, description="where it runs, as `cpu` or `cuda:0`; empty: a GPU if there is one"
    )
    batch: int = Field(default=4, ge=1, le=256, description="pictures at once at most")

    @model_validator(mode="after")
    def _complete(self) -> "DetectorSettings":
        if self.backend == "transformers" and not self.path:
            raise ValueError("backend transformers needs `path`, the folder of a detector")
        words = [word for words in self.labels.values() for word in words]
        if len(words) > _WORDS:
            raise ValueError(f"{len(words)} words are too many to look for at once; give {_WORDS} at most")
        if len(set(words)) < len(words):
            raise ValueError("a word is there twice in `labels`; it can mean one thing only")
        return self


class EmbedderSettings(Model):
    """Finding by likeness: models in folders on this machine (extra `vlm`)."""

    pictures: str = Field(
        default="",
        max_length=2000,
        description="folder of a CLIP or SigLIP model; pictures are found by what they show",
    )
    captions: str = Field(
        default="", max_length=2000, description="folder of a sentence model; captions are found by what they mean"
    )
    device: str = Field(
        default="", pattern=DEVICE, description="where they run, as `cpu` or `cuda:0`; empty: a GPU if there is one"
    )
    batch: int = Field(default=32, ge=1, le=1024, description="pictures or texts at once at most")
    alike: Share = Field(
        default=0.45,
        description="captions whose cosine to a question is this or more mean much the same; models differ",
    )


class OcrSettings(Model):
    """Text that can be read in kept pictures (extra `ocr`)."""

    backend: Literal["none", "rapidocr"] = Field(default="none", description="what reads")
    confidence: Share = Field(default=0.7, description="a line that is less sure than this is left out")
