"""Many threads, one model: each question is answered exactly once, or fails with a reason."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.vlm.local.asked import Asked, OutOfMemory
from agent.perception.vlm.local.batching import Batcher
from tests.generating import Scripted
from vidette.errors import ModelError

PIXEL = np.zeros((1, 1, 3), np.uint8)


def asked(number, stream="a", *, tiles=0, urgent=False):
    return Asked(parts=(str(number),), images=(PIXEL,) * tiles, stream=stream, urgent=urgent)


def echo(one):
    return f"{one.stream}{one.parts[0]}"


@contextmanager
def batching(model, **said):
    made = Batcher(model, **{"batch": 4, "deadline_s": 60.0, "ahead": 64, **said})
    try:
        yield made
    finally:
        model.release()
        made.close()


def until(condition):
    """Wait for what other threads do."""
    tick = threading.Event()
    for _ in range(3000):
        if condition():
            return
        tick.wait(0.01)
    raise AssertionError("it never came true")


def filled(batcher, model, questions, pool):
    """All asked while the model is at another batch; -> their futures."""
    first = pool.submit(batcher.ask, asked("first", "first"))
    until(lambda: len(model.batches) == 1)
    futures = [pool.submit(batcher.ask, one) for one in questions]
    until(lambda: len(batcher._turns) == len(questions))
    return first, futures


def test_no_more_is_made_ready_than_is_soon_answered():
    """Pixels lie in memory from then on: two batches are enough to keep the model busy."""
    model = Scripted(echo).hold()
    with batching(model, batch=2, ahead=0) as batcher, ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(batcher.ask, asked(i, stream)) for stream in "abc" for i in range(4)]
        until(lambda: len(batcher._gate._turns) == 8)
        assert len(batcher._turns) + len(batcher._at_work) == 4
        assert len(model.batches) == 1
        model.release()
        assert sorted(one.result(30).text for one in futures) == sorted(f"{s}{i}" for s in "abc" for i in range(4))
    assert batcher._gate._free == 4


def test_who_waits_to_be_made_ready_is_let_go_when_it_is_closed_or_stands_still():
    model = Scripted().hold()
    with batching(model, batch=1, ahead=1) as batcher, ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(batcher.ask, asked(i)) for i in range(3)]
        until(lambda: len(batcher._gate._turns) == 2)
        batcher.close()
        assert {str(one.exception(30)) for one in futures} == {"the model is closed: no more is asked of it"}
        with pytest.raises(ModelError, match="is closed"):
            batcher.ask(asked(9))
    model = Scripted().hold()
    with batching(model, batch=1, ahead=1, deadline_s=0.05) as batcher, ThreadPoolExecutor(4) as pool:
        errors = [pool.submit(batcher.ask, asked(i)).exception(60) for i in range(3)]
        assert all("stood still" in str(one) for one in errors)
        assert len(batcher._gate._turns) == 0
        assert batcher._gate._free == 1


plans = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.booleans()), min_size=1, max_size=24)


@settings(max_examples=40)
@given(plans, st.integers(1, 8), st.integers(1, 8), st.integers(1, 20))
def test_each_question_has_its_own_answer_exactly_once(plan, batch, fits, ahead):
    """Whoever asks and however little fits into memory."""
    model = Scripted(echo, fits=fits)
    questions = [asked(i, stream, tiles=tiles, urgent=urgent) for i, (stream, tiles, urgent) in enumerate(plan)]
    with batching(model, batch=batch, ahead=ahead) as batcher, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(batcher.ask, questions))
    assert [one.text for one in answers] == [echo(one) for one in questions]
    done = Counter(echo(one) for part in model.batches if len(part) <= fits for one in part)
    assert set(done.values()) == {1}
    assert model.at_once == 0
    assert max(map(len, model.batches)) <= batch


def test_what_waits_together_is_answered_together_streams_in_turn():
    model = Scripted(echo).hold()
    with batching(model, batch=3) as batcher, ThreadPoolExecutor(8) as pool:
        _, futures = filled(batcher, model, [asked(0), asked(1), asked(2), asked(0, "b"), asked(0, "c")], pool)
        model.go(3)
        assert [one.result(30).text for one in futures] == ["a0", "a1", "a2", "b0", "c0"]
    _, second, third = model.batches
    assert sorted(one.stream for one in second) == ["a", "b", "c"]
    assert [echo(one) for one in third] == ["a1", "a2"]


def test_alerts_go_before_descriptions():
    model = Scripted(echo).hold()
    with batching(model, batch=1) as batcher, ThreadPoolExecutor(8) as pool:
        _, futures = filled(batcher, model, [*(asked(i) for i in range(3)), asked(9, "z", urgent=True)], pool)
        model.go(5)
        assert all(one.result(30) for one in futures)
    assert [echo(part[0]) for part in model.batches][:2] == ["firstfirst", "z9"]


def test_questions_of_other_sizes_are_other_batches():
    model = Scripted(echo).hold()
    with batching(model, batch=8) as batcher, ThreadPoolExecutor(8) as pool:
        _, futures = filled(batcher, model, [asked(i, tiles=i % 2) for i in range(6)], pool)
        model.go(3)
        assert all(one.result(30) for one in futures)
    assert sorted(len(part) for part in model.batches) == [1, 3, 3]


def test_what_does_not_fit_is_halved_and_remembered():
    model = Scripted(echo, fits=2).hold()
    with batching(model, batch=8) as batcher, ThreadPoolExecutor(12) as pool:
        _, futures = filled(batcher, model, [asked(i) for i in range(8)], pool)
        model.release()
        assert [one.result(30).text for one in futures] == [f"a{i}" for i in range(8)]
        assert [len(part) for part in model.batches] == [1, 8, 4, 2, 2, 2, 2]
        model.hold()
        model._permits = threading.Semaphore(0)
        model.batches.clear()
        _, futures = filled(batcher, model, [asked(i) for i in range(4)], pool)
        model.release()
        assert all(one.result(30) for one in futures)
        assert [len(part) for part in model.batches] == [1, 2, 2]


def test_one_that_does_not_fit_alone_fails_alone():
    class Narrow(Scripted):
        def answer(self, one):
            if one.asked.parts == ("2",):
                raise OutOfMemory
            return super().answer(one)

    model = Narrow(echo).hold()
    with batching(model) as batcher, ThreadPoolExecutor(8) as pool:
        _, futures = filled(batcher, model, [asked(i) for i in range(4)], pool)
        model.release()
        for i in (0, 1, 3):
            assert futures[i].result(30).text == f"a{i}"
        with pytest.raises(ModelError, match="does not fit into memory"):
            futures[2].result(30)


def test_a_crash_fails_its_batch_and_the_next_one_is_answered(caplog):
    class Crashing(Scripted):
        def _generate(self, batch, held):
            if len(self.batches) == 1:
                self.batches.append([one.asked for one in batch])
                raise RuntimeError("CUDA error:\nan illegal access")
            return super()._generate(batch, held)

    model = Crashing(echo).hold()
    with batching(model, batch=2) as batcher, ThreadPoolExecutor(8) as pool:
        _, futures = filled(batcher, model, [asked(i) for i in range(4)], pool)
        model.release()
        for one in futures[:2]:
            with pytest.raises(ModelError, match="CUDA error: an illegal access"):
                one.result(30)
        assert [one.result(30).text for one in futures[2:]] == ["a2", "a3"]
    assert "the model failed" in caplog.text


def test_a_model_error_is_told_to_each_of_its_batch_as_its_own():
    class Refusing(Scripted):
        def _generate(self, batch, held):
            raise ModelError("too long", retryable=True)

    with batching(Refusing()) as batcher, ThreadPoolExecutor(4) as pool:
        errors = [pool.submit(batcher.ask, asked(i)).exception(30) for i in range(4)]
    assert {str(one) for one in errors} == {"too long"}
    assert all(isinstance(one, ModelError) and one.retryable for one in errors)
    assert len(set(map(id, errors))) == 4


def test_what_cannot_be_prepared_fails_alone(caplog):
    class Picky(Scripted):
        def prepare(self, one):
            if one.stream == "bad":
                raise ValueError("no such picture")
            if one.stream == "worse":
                raise ModelError("no pixels arrive")
            return super().prepare(one)

    with batching(Picky(echo)) as batcher:
        with pytest.raises(ModelError, match=r"cannot be prepared .*no such picture"):
            batcher.ask(asked(0, "bad"))
        with pytest.raises(ModelError, match="no pixels arrive"):
            batcher.ask(asked(0, "worse"))
        assert batcher.ask(asked(1)).text == "a1"


def test_too_few_answers_are_a_failure():
    class Short(Scripted):
        def _generate(self, batch, held):
            return []

    with batching(Short()) as batcher, pytest.raises(ModelError, match="0 answers to 1"):
        batcher.ask(asked(0))


def test_a_batch_waits_for_what_is_being_prepared():
    class Slow(Scripted):
        ready = threading.Event()

        def prepare(self, one):
            if one.parts == ("2",):
                assert self.ready.wait(30)
            return super().prepare(one)

    model = Slow(echo)
    with batching(model, company_s=60.0) as batcher, ThreadPoolExecutor(4) as pool:
        slow = pool.submit(batcher.ask, asked(2))
        until(lambda: batcher._preparing == 1)
        fast = pool.submit(batcher.ask, asked(1))
        until(lambda: len(batcher._turns) == 1)
        model.ready.set()
        assert (slow.result(30).text, fast.result(30).text) == ("a2", "a1")
    assert len(model.batches) == 1


def test_and_no_longer_than_is_worth_it():
    class Slow(Scripted):
        ready = threading.Event()

        def prepare(self, one):
            if one.parts == ("2",):
                assert self.ready.wait(30)
            return super().prepare(one)

    model = Slow(echo)
    with batching(model, company_s=0.01) as batcher, ThreadPoolExecutor(4) as pool:
        slow = pool.submit(batcher.ask, asked(2))
        until(lambda: batcher._preparing == 1)
        assert batcher.ask(asked(1)).text == "a1"
        model.ready.set()
        assert slow.result(30).text == "a2"
    assert len(model.batches) == 2


def test_a_model_that_stands_still_fails_those_who_wait():
    model = Scripted().hold()
    with batching(model, deadline_s=0.05) as batcher, ThreadPoolExecutor(4) as pool:
        errors = [pool.submit(batcher.ask, asked(i)).exception(60) for i in range(2)]
        assert all("stood still" in str(one) for one in errors)
        assert len(batcher._turns) == 0


def test_a_long_line_is_no_standing_still():
    """Each word is a sign of life: the deadline is not that of the line."""
    now = [0.0]

    class Steady(Scripted):
        def _generate(self, batch, held):
            for _ in range(5):
                now[0] += 9.0
                for processor in held(batch):
                    processor(None, None)
            return super()._generate(batch, held)

    with (
        batching(Steady(echo), batch=1, deadline_s=10.0, clock=lambda: now[0]) as batcher,
        ThreadPoolExecutor(8) as pool,
    ):
        assert len([one.text for one in pool.map(batcher.ask, [asked(i) for i in range(8)])]) == 8
    assert now[0] == 360.0


def test_closing_fails_the_waiting_at_once_and_cuts_what_is_at_work():
    model = Scripted(words=10**9)
    with batching(model, batch=1) as batcher, ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(batcher.ask, asked(i)) for i in range(4)]
        assert model.begun.wait(30)
        until(lambda: len(batcher._turns) == 3)
        batcher.close()
        assert {str(one.exception(30)) for one in futures} == {"the model is closed: no more is asked of it"}
        assert model.closed.wait(30)
        with pytest.raises(ModelError, match="is closed"):
            batcher.ask(asked(9))
        batcher.close()
    assert len(model.batches) == 1


def test_a_batch_that_nobody_waits_for_is_cut():
    model = Scripted(echo, words=10**9)
    now = [0.0]
    with batching(model, batch=1, deadline_s=5.0, clock=lambda: now[0]) as batcher, ThreadPoolExecutor(2) as pool:
        lost = pool.submit(batcher.ask, asked(0))
        assert model.begun.wait(30)
        (one,) = batcher._at_work
        one.answer.cancel()  # as its caller does when it is interrupted
        assert isinstance(lost.exception(30), ModelError)
        model.words = 1
        assert batcher.ask(asked(1)).text == "a1"


def test_words_are_held_to_schemas_of_their_batch():
    seen = []

    def held(batch):
        return [lambda ids, scores: seen.append(len(batch))]

    with batching(Scripted(echo, words=3), held=held) as batcher:
        batcher.ask(asked(0))
    assert seen == [1, 1, 1]
