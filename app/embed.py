"""`vidette embed`: embeddings for what was stored before there was a model for them."""

from typing import TYPE_CHECKING

import click

from app.options import memory_options

if TYPE_CHECKING:
    from vidette.ports import GraphStore
    from workers.deep.noting import Notes


@click.command()
@memory_options
@click.option("--stream", "streams", multiple=True, metavar="NAME", help="Only this stream (repeatable).")
def embed(db: str | None, config: str | None, streams: tuple[str, ...]) -> None:
    """Embed captions and kept pictures that have no embedding of the models in `embedder`.

    A watch embeds what it stores; this is for imported captions, and for what was watched before a model was named.
    """
    from app.memory import opened
    from vidette.errors import ConfigError
    from workers.wiring import media_of, notes_of

    with opened(db, config, must_write=True) as memory:
        notes = notes_of(memory.settings, media_of(memory.settings))
        if notes is None or not (notes.pictures or notes.captions):
            raise ConfigError("nothing embeds; name a model's folder in embedder.captions or embedder.pictures")
        ids = _ids(memory.store, streams)
        pictures, words = _embed(memory.store, notes, ids)
    click.echo(f"{pictures} pictures and {words} captions and descriptions embedded", err=True)


def _ids(store: "GraphStore", names: tuple[str, ...]) -> tuple[str, ...]:
    """Ids of the streams named. Raises ConfigError for one that is not there."""
    from vidette.errors import ConfigError
    from vidette.queries import StreamOf

    found = {name: store.read(StreamOf(name=name)) for name in names}
    for name, stream in found.items():
        if stream is None:
            raise ConfigError(f"--stream: no stream {name!r}; `vidette streams` lists them")
    return tuple(stream.id for stream in found.values() if stream)


def _embed(store: "GraphStore", notes: "Notes", streams: tuple[str, ...]) -> tuple[int, int]:
    pictures = words = 0
    for observation in notes.left(store, *streams):
        store.settle(observation)
        of_pictures = sum(one.of == "keyframe" for one in observation.embeddings)
        pictures, words = pictures + of_pictures, words + len(observation.embeddings) - of_pictures
    return pictures, words
