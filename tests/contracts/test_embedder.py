"""What every Embedder keeps; a new one joins by a line in `EMBEDDERS`."""

import threading

import numpy as np
import pytest

from agent.perception.embed.folder import folder_of
from agent.perception.embed.pictures import PictureEmbedder
from agent.perception.embed.sentences import SentenceEmbedder
from vidette.errors import ModelError

pytestmark = pytest.mark.needs_models
EMBEDDERS = {
    "clip": lambda folder, **more: PictureEmbedder(folder_of(str(folder), "x"), device="cpu", **more),
    "siglip": lambda folder, **more: PictureEmbedder(folder_of(str(folder), "x"), device="cpu", **more),
    "sentences": lambda folder, **more: SentenceEmbedder(folder_of(str(folder), "x"), device="cpu", **more),
}
TEXTS = ["a red umbrella", "b", "somebody runs away with a bag under the arm", "Ünïcode ☂", ""]


@pytest.fixture(params=EMBEDDERS)
def make(request, tiny_embedder):
    """An embedder of that kind; it may be made several times."""
    return lambda **more: EMBEDDERS[request.param](tiny_embedder(request.param), **more)


def test_texts_are_unit_rows_in_their_order(make):
    embedder = make(batch=2)
    rows = embedder.texts(TEXTS)
    assert (rows.shape[0], rows.dtype) == (len(TEXTS), np.float32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for at, text in enumerate(TEXTS):
        assert np.allclose(embedder.texts([text])[0], rows[at], atol=1e-5), text  # a batch is as one by one
    assert not np.allclose(rows[0], rows[2], atol=1e-3)
    assert embedder.texts([]).shape[0] == 0


def test_the_same_model_says_the_same(make):
    first, second = make(), make(batch=1)
    assert first.run == second.run
    assert np.allclose(first.texts(TEXTS), second.texts(TEXTS), atol=1e-5)


def test_long_texts_are_cut_not_refused(make):
    rows = make().texts(["word " * 5000, "\x00\x01 " * 50])
    assert np.isfinite(rows).all()
    assert rows.shape[0] == 2


def test_threads_take_turns(make):
    embedder, found = make(), {}
    wanted = embedder.texts(TEXTS)
    threads = [threading.Thread(target=lambda at=at: found.update({at: embedder.texts(TEXTS)})) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert all(np.allclose(rows, wanted, atol=1e-5) for rows in found.values())


def test_once_closed_it_embeds_no_more(make):
    embedder = make()
    embedder.close()
    with pytest.raises(ModelError, match="closed"):
        embedder.texts(["a"])


def test_pictures_lie_in_the_space_of_texts_or_are_refused(make):
    embedder = make(batch=2)
    chance = np.random.default_rng(1)
    pictures = [chance.integers(0, 255, (h, w, 3), np.uint8) for h, w in ((40, 60), (33, 20), (300, 200))]
    if isinstance(embedder, SentenceEmbedder):
        with pytest.raises(ModelError, match="sees no pictures"):
            embedder.images(pictures)
        return
    rows = embedder.images(pictures)
    assert rows.shape == (3, embedder.texts(["a"]).shape[1])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for at, picture in enumerate(pictures):
        assert np.allclose(embedder.images([picture])[0], rows[at], atol=1e-5)
    assert not np.allclose(rows[0], rows[1], atol=1e-3)
    grey = embedder.images([np.full((40, 40, 3), value, np.uint8) for value in (0, 255)])
    assert not np.allclose(*grey, atol=1e-3)  # pixels arrive
