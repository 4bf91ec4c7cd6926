"""`--vlm` of a command line as settings."""

import os

from vidette.errors import ConfigError

_SAY = "write the FOLDER of a model, openai:http://host:8000/v1#model, recorded:FOLDER, or none"


def vlm_of(text: str | None) -> dict[str, str]:
    """The settings that `--vlm` stands for, by dotted key; none where it is not given. Raises ConfigError."""
    if text is None:
        return {}
    kind, colon, rest = text.partition(":")
    if text == "none":
        return {"vlm.backend": "none"}
    if kind == "openai" and colon:
        return _server(rest)
    if kind == "recorded" and rest:
        return {"vlm.backend": "recorded", "vlm.path": rest}
    if os.path.isdir(os.path.expanduser(text)):
        return {"vlm.backend": "transformers", "vlm.path": text}
    raise ConfigError(f"--vlm: no model {text[:200]!r}, and no such folder; {_SAY}")


def _server(rest: str) -> dict[str, str]:
    """The address and, behind `#`, the model, which the settings may name instead."""
    url, _, model = rest.partition("#")
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"--vlm: no address {url[:200]!r}; {_SAY}")
    return {"vlm.backend": "openai", "vlm.url": url, **({"vlm.model": model} if model else {})}
