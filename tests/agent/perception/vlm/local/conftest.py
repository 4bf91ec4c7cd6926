"""Models of this process as tests ask them: each tiny model loaded once, pictures that differ."""

import numpy as np
import pytest

TASKS = {"florence-2": "<OD>", "kosmos-2": "<grounding>Look:", "blip-2": "Question: what is it? Answer:"}
"""What a family without a chat template is told here; the others `detect car`."""


@pytest.fixture(scope="session")
def loaded(tiny_model):
    """`loaded(family, **wish)`: its tiny model, loaded once for each wish."""
    from agent.perception.vlm.local.loading import LoadWish, load

    made = {}

    def model(family: str, **wish: object):
        key = (family, *sorted(wish.items()))
        if key not in made:
            made[key] = load(LoadWish(path=tiny_model(family), device="cpu", **wish))
        return made[key]

    return model


@pytest.fixture(scope="session")
def pictures():
    """`pictures(n)`: as many of 100 x 60 pixels, all different."""
    return lambda n, size=(60, 100): [
        np.random.default_rng(seed).integers(0, 255, (*size, 3), dtype=np.uint8) for seed in range(n)
    ]


class Scores:
    """Keeps what a model held likely, token by token; holds it to nothing. Its `held` is for `generate`."""

    def __init__(self):
        self.steps = []

    def __call__(self, input_ids, scores):
        self.steps.append(scores.clone())
        return scores

    def held(self, batch):
        return [self]


@pytest.fixture
def scores():
    """`scores(model, batch)`: the likelihoods of the first token of each answer, `(rows, vocabulary)`."""

    def first(model, batch):
        kept = Scores()
        model.generate(batch, kept.held)
        return kept.steps[0]

    return first


@pytest.fixture(scope="session")
def question():
    """`question(model, pictures, words)`: asked as the model's family is."""
    from agent.perception.vlm.local.asked import Asked

    def asked(model, shown, words="What?", **more):
        if model.family.style == "task":
            kind = model.family.name.lower().replace(" ", "-")
            return Asked(parts=(0, TASKS.get(kind, "detect car")), images=tuple(shown[:1]), max_tokens=6)
        parts = [part for i in range(len(shown)) for part in (f"picture {i + 1}:", i)]
        more = {"system": "You watch.", "max_tokens": 6, "times_s": tuple(1.5 * i for i in range(len(shown)))} | more
        return Asked(parts=(*parts, words), images=tuple(shown), **more)

    return asked
