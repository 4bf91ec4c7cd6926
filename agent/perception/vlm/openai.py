"""A vision model on a server that speaks as OpenAI's chat completions do: vLLM, SGLang, Ollama, hosted ones."""

import base64
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from agent.perception.vlm.boxes.convention import boxes_of
from agent.perception.vlm.completion import Spoken, spoken
from agent.perception.vlm.looking import Bounds, looked
from agent.perception.vlm.pictures import Still
from agent.perception.vlm.profile import PROFILES, Profile
from agent.perception.vlm.prompt import prompt_hash
from agent.perception.vlm.question import Question
from agent.perception.vlm.server import Server
from vidette.ids import make_id
from vidette.models import Run
from vidette.ports import MediaStore
from vidette.vision import LookReply, LookRequest

REVISION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which model is asked, and how long and how freely it may answer."""

    model: str
    profile: str = "plain"
    temperature: float = 0.0
    seed: int = 0
    bounds: Bounds = field(default_factory=Bounds)


class OpenAiVision:
    """Asks a server about one segment (vidette.ports.VisionModel). A 200 is not trusted: the answer is validated here.

    An answer that cannot be read is asked for once more, with what is wrong with it named; then the look has failed.
    """

    def __init__(self, server: Server, media: MediaStore, wish: Wish) -> None:
        self._server, self._media, self._wish = server, media, wish
        self._profile: Profile = PROFILES[wish.profile]
        self._bounds = replace(wish.bounds, boxes=wish.bounds.boxes or boxes_of(wish.model))
        self.run = run_of(wish)

    def look(self, request: LookRequest) -> LookReply:
        """Describe the segment. Raises ModelError."""
        until, wish = self._server.until(), self._wish

        def ask(question: Question) -> Spoken:
            return spoken(*self._server.ask(self._body(question), until))

        return looked(ask, request, self._media, self._bounds, wish.model)

    def close(self) -> None:
        """Ask no more, and cut what is on its way."""
        self._server.close()

    def _body(self, question: Question) -> bytes:
        wish = self._wish
        body = {
            "model": wish.model,
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": [_part(part) for part in question.parts]},
            ],
            self._profile.tokens: question.max_tokens,
            "temperature": wish.temperature,
            **({"seed": wish.seed} if self._profile.seed else {}),
            "stream": False,
            **self._profile.form(question.verdicts, question.captions),
        }
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def run_of(wish: Wish) -> Run:
    """The run of a model on a server, wherever the server is."""
    params = {name: getattr(wish, name) for name in ("profile", "temperature", "seed")} | asdict(wish.bounds)
    id_ = make_id("run", "openai", wish.model, REVISION, prompt_hash(), json.dumps(params))
    return Run(id=id_, model=wish.model, revision=REVISION, prompt_hash=prompt_hash(), params=params)


def _part(part: str | Still) -> dict[str, Any]:
    """A text, or a JPEG picture as a data URI."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    data = base64.b64encode(part.jpeg).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}
