"""`vidette models`: the families of vision-language models, how each is reached; `convert` for those of older code."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.options import json_option

if TYPE_CHECKING:
    from agent.perception.vlm.families import Family

_NOT_RUN = "not run with real weights"
_COLUMNS = ("family", "reached by", "pictures", "boxes", "*memory (bf16)", "*licence", "*tried", "*note")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """The families of vision-language models, and how each is reached.

    `transformers`: a folder, in this process (`--vlm FOLDER`, extra `vlm`). `server`: `--vlm openai:URL#MODEL`; any other
    family can be served, too. `converted`: a folder, after `vidette models convert`. `trust_remote_code`: a folder with
    code of its own, when the settings name its model type.
    """
    if ctx.invoked_subcommand:
        return
    from agent.perception.vlm.families import FAMILIES
    from app.tables import show

    if as_json:
        _lines(FAMILIES)
        return
    show("families of models", _COLUMNS, (cells(family) for family in FAMILIES), "no families")


def _lines(families: "tuple[Family, ...]") -> None:
    import json

    for family in families:
        click.echo(json.dumps(row(family), ensure_ascii=False))


@models.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def convert(source: Path, out: Path) -> None:
    """Turn the checkpoint SOURCE of Yi-VL, or of LLaVA-1.5's first code, into the folder OUT, for `--vlm OUT`.

    Its vision tower must lie inside SOURCE. Of pickled files only weights are read.
    """
    from agent.perception.vlm.local.conversion import convert as converted

    count = converted(source, out)
    click.echo(f"{count} weights written to {out}; vidette watch clip.mp4 --vlm {out}", err=True)


def row(family: "Family") -> dict[str, Any]:
    """One family as `--json` prints it; what is not known is absent."""
    said = {
        "family": family.name,
        "reached": family.reached,
        "model_types": list(family.model_types),
        "style": family.style,
        "images": family.images,
        "video": family.video,
        "boxes": family.boxes,
        "masks": family.masks,
        "licence": family.licence,
        "memory": family.memory,
        "tried": tried(family),
        "note": family.note,
    }
    return {key: value for key, value in said.items() if value not in ("", [])}


def cells(family: "Family") -> tuple[str, ...]:
    """One family as a row of the table."""
    pictures = "one" if family.images == "one" else "several, video" if family.video else "several"
    boxes = ", ".join(word for word, is_so in (("boxes", family.boxes), ("masks", family.masks)) if is_so)
    how = {"trust_remote_code": "own code, if named"}.get(family.reached, family.reached)
    return (family.name, how, pictures, boxes, family.memory, family.licence, tried(family), family.note)


def tried(family: "Family") -> str:
    """What our tests have run of it: never its real weights, which they cannot have."""
    return _NOT_RUN if family.reached == "server" else f"tiny random ones; {_NOT_RUN}"


def page() -> str:
    """The reference page of the table."""
    from agent.perception.vlm.families import FAMILIES, FIRST

    heads = [name.lstrip("*") for name in _COLUMNS]
    rows = [heads, ["---"] * len(heads), *(list(cells(family)) for family in FAMILIES)]
    table = "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in one)} |\n" for one in rows)
    first = "".join(f"| {one.place} | {one.model} | {one.licence} | {one.memory} |\n" for one in FIRST)
    return f"{_INTRO}{table}{_FIRST}| where | model | licence | weights |\n|---|---|---|---|\n{first}{_MORE}"


_INTRO = """Any family can be asked over a server (`--vlm openai:URL#MODEL`). Those with `transformers` also run in this process, from
a local folder (`--vlm FOLDER`): nothing is fetched, only safetensors are read, no code of a folder runs unless the
settings name its model type. Licences are those of the weights as their publishers state them, memory is that of the
weights in bfloat16 with some room: check both before use. No family was run here with real weights: tests build tiny
random models of the real classes, and show that pictures arrive and answers are read, never how good they are.

"""
_FIRST = """
## A good first model

"""
_MORE = """
Less memory: `quantise: 4bit` needs about a third of it (extra `quantised`). On a CPU pictures are what costs: fewer
(`max_images`) and smaller ones (`max_side`) help most.

## Converted ones

`vidette models convert SOURCE OUT` reads a checkpoint of Yi-VL (01-ai/Yi, `VL/`) or of LLaVA-1.5's first code
(`LlavaLlamaForCausalLM`, `mm_projector_type` `mlp2x_gelu_Norm` or `mlp2x_gelu`), with its vision tower's folder inside it, and
writes a LLaVA folder: weights renamed, a file at a time; `<image>` added to its words; the turns it was trained on as chat
template. Yi-VL's projector norms what it projects, which LLaVA's does not: a folder of it loads in Vidette only. A tiny
checkpoint of that layout says the same before and after (test); not run with real weights.
"""
