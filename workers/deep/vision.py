"""Chooses the vision model of deep looks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidette.errors import ConfigError
from vidette.ports import MediaStore, VisionModel
from vidette.settings import Settings
from vidette.vision_settings import VisionSettings, VlmSettings
from workers.deep.detecting import beside_detector

if TYPE_CHECKING:
    from agent.perception.vlm.looking import Bounds

Say = Callable[[str], None]


def vision_of(
    settings: Settings, media: MediaStore, say: Say = lambda _doing: None, *, asked: bool = True
) -> VisionModel | None:
    """The model of the deep look, which sees the pictures of `media`; None where none is set. Raises ConfigError.

    `say` is told what it does for long, before it can answer. `asked`: this process is to ask it; where others do, a model
    in a folder needs no libraries here, only its folder, which names its run.
    """
    vlm = settings.vlm
    return beside_detector(settings.detector, media, _Choice(vlm, media, say, asked).model(vlm, ()))


def together_of(vlm: VlmSettings) -> int:
    """How many pictures a question about several segments has at most, whichever model it comes to; 0: there is none."""
    if vlm.backend == "none":
        return 0
    places = {one.name: one for one in vlm.others}
    named = [vlm, *(places[name] for one in (vlm, *vlm.others) for name in (one.fallback, one.record_from) if name)]
    return min(one.max_images for one in named)


@dataclass(frozen=True, slots=True)
class _Choice:
    vlm: VlmSettings
    media: MediaStore
    say: Say
    asked: bool

    def model(self, said: VisionSettings, via: tuple[str, ...]) -> VisionModel | None:
        """One model, with the one that is asked where it does not answer; `via` are those that led here."""

        def other(name: str) -> VisionModel | None:
            if name in via:
                raise ConfigError(
                    f"vlm.others: {name!r} leads back to itself; end the chain of `fallback`, `record_from`"
                )
            return self.model(next(one for one in self.vlm.others if one.name == name), (*via, name))

        model = self._itself(said, other(said.record_from) if said.record_from else None)
        second = other(said.fallback) if said.fallback else None
        if model is None or second is None:
            return model
        from agent.perception.vlm.fallback import WithFallback

        return WithFallback(model, second)

    def _itself(self, said: VisionSettings, source: VisionModel | None) -> VisionModel | None:
        match said.backend:
            case "none":
                return None
            case "openai":
                return _openai(said, self.media)
            case "transformers":
                return self._transformers(said)
            case "recorded":
                from agent.perception.vlm.recorded import RecordedVision

                return RecordedVision(Path(said.path).expanduser(), max_images=said.max_images, source=source)
            case other:
                raise ConfigError(f"vlm.backend: unknown {other!r}; choices: none, transformers, openai, recorded")

    def _transformers(self, said: VisionSettings) -> VisionModel:
        from agent.perception.vlm.local.loading import LoadWish
        from agent.perception.vlm.local.vision import LocalVision, LocalWish

        load = LoadWish(
            path=Path(said.path).expanduser(),
            device=said.device or "auto",
            dtype=said.dtype,
            quantise=said.quantise,
            adapters=tuple(Path(one).expanduser() for one in said.adapters),
            trust_remote_code=tuple(said.trust_remote_code),
            frames=said.frames,
            temperature=said.temperature,
            seed=said.seed,
        )
        wish = LocalWish(load=load, bounds=_bounds(said), batch=said.batch, deadline_s=said.deadline_s)
        return LocalVision(self.media, wish, say=self.say, asked=self.asked)


def _openai(said: VisionSettings, media: MediaStore) -> VisionModel:
    from agent.perception.vlm.openai import OpenAiVision, Wish
    from agent.perception.vlm.server import Patience, Server

    patience = Patience(
        timeout_s=said.timeout_s, deadline_s=said.deadline_s, retries=said.retries, concurrency=said.concurrency
    )
    wish = Wish(
        model=said.model,
        profile=said.profile,
        temperature=said.temperature,
        seed=said.seed,
        bounds=_bounds(said),
    )
    return OpenAiVision(Server(said.url, said.api_key, patience=patience), media, wish)


def _bounds(said: VisionSettings) -> "Bounds":
    from agent.perception.vlm.looking import Bounds

    return Bounds(
        max_images=said.max_images,
        max_side=said.max_side,
        max_tokens=said.max_tokens,
        tiles=said.tiles,
        small_px=said.small_px,
    )
