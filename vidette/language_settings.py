"""Settings of the language model that writes rules from plain words."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vidette.bounded import Model, Secret


class LanguageSettings(Model):
    """A language model that `vidette rules write` asks where a sentence holds words that its grammar does not know."""

    backend: Literal["none", "openai"] = Field(
        default="none", description="`none`: such words become questions to the vision model; `openai`: a server"
    )
    url: str = Field(default="", max_length=2000, description="its address, up to and with `/v1`")
    model: str = Field(default="", max_length=300, description="the model's name there")
    api_key: Secret = Field(default="", max_length=1000, description="key, if it wants one; use `${NAME}`")
    profile: Literal["plain", "vllm", "sglang", "ollama", "transformers", "hosted"] = Field(
        default="plain",
        description="what kind of server; `plain` sends what most take, `transformers` no schema",
    )
    timeout_s: Annotated[float, Field(gt=0, le=540)] = Field(
        default=60.0, description="longest time for a rule, with a second try; then that of the grammar stands"
    )

    @model_validator(mode="after")
    def _complete(self) -> "LanguageSettings":
        for name in ("url", "model") if self.backend == "openai" else ():
            if not getattr(self, name):
                raise ValueError(f"backend {self.backend} needs `{name}`")
        return self
