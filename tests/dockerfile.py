"""A Dockerfile as instructions, and what its last stage leaves to a container."""

import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """Its instructions in order: (name, what follows it)."""

    instructions: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, path: Path) -> "Dockerfile":
        """Those of a file; comments are left out, lines that go on are joined."""
        lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
        whole = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
        pairs = (line.strip().partition(" ") for line in whole if line.strip())
        return cls(instructions=tuple((name.upper(), rest.strip()) for name, _, rest in pairs))

    def all(self, name: str) -> list[str]:
        """What follows each instruction of that name."""
        return [rest for found, rest in self.instructions if found == name]

    @property
    def last(self) -> list[tuple[str, str]]:
        """The instructions of the stage that becomes the image."""
        start = max(i for i, (name, _) in enumerate(self.instructions) if name == "FROM")
        return list(self.instructions[start:])

    def of_image(self, name: str) -> str:
        """What the image's last instruction of that name says; empty where there is none."""
        return next((rest for found, rest in reversed(self.last) if found == name), "")

    @property
    def entrypoint(self) -> list[str]:
        """The words before any command."""
        return json.loads(self.of_image("ENTRYPOINT") or "[]")

    @property
    def command(self) -> list[str]:
        """The command where none is given."""
        return json.loads(self.of_image("CMD") or "[]")

    @property
    def workdir(self) -> str:
        """Where it runs."""
        return self.of_image("WORKDIR") or "/"

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the image."""
        words = [word for name, rest in self.last if name == "ENV" for word in rest.split()]
        return dict(word.split("=", 1) for word in words)
