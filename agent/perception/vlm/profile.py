"""What kinds of servers want to hear: which form of schema, which name of the bound on the answer."""

from dataclasses import dataclass
from typing import Any

from agent.perception.vlm.schema import json_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of server. `schema`: it is sent as `response_format`; `lengths`: with the lengths of texts in it.

    `strict` asks for the schema to be enforced, `tokens` names the bound on the answer, `seed` says that it takes one.
    """

    schema: bool = True
    lengths: bool = True
    strict: bool = True
    tokens: str = "max_tokens"
    seed: bool = True

    def form(self, verdicts: int = 0, captions: int = 0) -> dict[str, Any]:
        """The `response_format` of a question (or of so many `verdicts`, or `captions`), empty where there is none."""
        return self.formed("report", json_schema(lengths=self.lengths, verdicts=verdicts, parts=captions))

    def formed(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        """The `response_format` of an answer that fits the schema, empty where there is none."""
        if not self.schema:
            return {}
        said, strict = {"name": name, "schema": schema}, {"strict": True} if self.strict else {}
        return {"response_format": {"type": "json_schema", "json_schema": {**said, **strict}}}


PROFILES = {
    "plain": Profile(strict=False),
    "vllm": Profile(),
    "sglang": Profile(tokens="max_completion_tokens"),
    "ollama": Profile(strict=False),
    "transformers": Profile(schema=False),  # `transformers serve` ignores a schema without a word
    "hosted": Profile(lengths=False, tokens="max_completion_tokens", seed=False),
}
"""By the names that `vlm.profile` has."""
