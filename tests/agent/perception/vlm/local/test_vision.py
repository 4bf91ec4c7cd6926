"""A model in this process, from the look to the reply: over a scripted one, then over tiny real ones."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from agent.perception.vlm.families import Family
from agent.perception.vlm.local.asked import TooLong
from agent.perception.vlm.local.batching import Batcher
from agent.perception.vlm.local.loading import LoadWish
from agent.perception.vlm.local.vision import LocalVision, LocalWish, check, name_of, reaching, run_of
from agent.perception.vlm.looking import Bounds
from agent.perception.vlm.schema import json_schema
from tests.answering import QUIET
from tests.generating import Scripted
from vidette.errors import ConfigError, ModelError, TooMuch

TASKED = Family(name="Florence-2", model_types=("florence2",), style="task", images="one")


@pytest.fixture
def folder(tmp_path):
    """What can be told of a model before it is loaded."""
    made = tmp_path / "tiny-vl"
    made.mkdir()
    (made / "config.json").write_text(json.dumps({"model_type": "smolvlm"}))
    (made / "model.safetensors").write_bytes(b"weights")
    return made


@pytest.fixture
def seeing(folder, media):
    """Makes a LocalVision over a scripted model; closes it."""
    made = []

    def model(generator, *, say=lambda text: None, **said):
        wish = LocalWish(load=LoadWish(path=folder), **said)

        def awake(wish):
            return Batcher(generator, batch=wish.batch or 4, deadline_s=wish.deadline_s)

        made.append(LocalVision(media, wish, say=say, awake=awake))
        return made[-1]

    yield model
    for one in made:
        one.close()


def test_a_look_is_asked_with_pictures_times_and_schema(seeing, request_):
    model = Scripted(lambda asked: json.dumps({**QUIET, "caption": "a lorry at the gate"}))
    reply = seeing(model).look(request_)
    assert reply.caption == "a lorry at the gate"
    ((asked,),) = model.batches
    assert [image.shape for image in asked.images] == [(180, 320, 3)] * 2  # the third looks as the second does
    assert asked.times_s == (0.0, 2.0)
    assert [part for part in asked.parts if isinstance(part, int)] == [0, 1]
    assert set(asked.schema["required"]) >= {"caption", "entities", "events"}
    assert asked.stream == "cam"
    assert not asked.urgent
    assert reply.usage.calls == 1
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (10, 2)
    assert reply.usage.gpu_s == 0.5
    assert reply.usage.wall_s > 0


@pytest.mark.parametrize(("codec", "most"), [("", 1), ("qwen2_5_vl", 16384), ("internvl", 16384), ("florence2", 1)])
def test_a_family_with_coordinates_of_its_own_may_write_them(codec, most):
    schema = reaching(json_schema(), codec)
    things = [schema["properties"][name]["items"]["properties"] for name in ("entities", "events", "closer")]
    assert {one["box"]["items"]["maximum"] for one in things} == {most}
    assert things[1]["confidence"]["maximum"] == 1
    assert reaching(json_schema(verdicts=2), codec) == json_schema(verdicts=2)


def test_boxes_in_pixels_are_shares_of_the_picture(seeing, request_):
    """As Qwen2.5-VL writes them, of the picture as it is resized for it."""
    thing = {"label": "person", "description": "", "track": "", "box": [0, 0, 161, 91], "frame": 1, "attributes": []}
    family = Family(name="Qwen2.5-VL", model_types=("qwen2_5_vl",), boxes="qwen2_5_vl")
    reply = seeing(Scripted(lambda asked: json.dumps({**QUIET, "entities": [thing]}), family=family)).look(request_)
    (box,) = [one.box for one in reply.entities]
    assert box[:2] == (0, 0)
    assert 0.4 < box[2] < 0.6
    assert 0.4 < box[3] < 0.6


def test_questions_are_asked_before_descriptions_of_others(seeing, request_):
    said = {"answers": ["no"], "confidence": [0.9]}
    model = Scripted(lambda asked: json.dumps(said if asked.urgent else QUIET))
    reply = seeing(model).look(replace(request_, questions=("Is the gate open?",), describe="asked"))
    assert [one.answer for one in reply.verdicts] == ["no"]
    assert [asked.urgent for (asked,) in model.batches] == [True]


class Narrow(Scripted):
    """Holds so many pictures."""

    most = 1

    def prepare(self, one):
        if len(one.images) > self.most:
            raise TooLong(f"{len(one.images)} pictures are too many")
        return super().prepare(one)


def test_a_question_that_is_too_long_is_asked_with_fewer_pictures(seeing, request_):
    model = Narrow()
    assert seeing(model).look(request_).caption == QUIET["caption"]
    ((asked,),) = model.batches
    assert len(asked.images) == 1


def test_one_that_is_too_long_with_one_picture_has_failed(seeing, request_):
    model = Narrow()
    model.most = 0
    with pytest.raises(ModelError, match="1 pictures are too many"):
        seeing(model).look(request_)


def two(request):
    """The request as one about two segments."""
    segment = request.segment
    frames, middle_s = segment.keyframes, segment.keyframes[1].pts_s
    first = replace(segment, id="a", end_s=middle_s, keyframes=frames[:1])
    return replace(request, parts=(first, replace(segment, id="b", start_s=middle_s, keyframes=frames[1:])))


def test_two_segments_are_asked_about_with_a_caption_for_each(seeing, request_):
    model = Scripted(lambda asked: json.dumps({**QUIET, "captions": ["one", "two"]}))
    assert seeing(model).look(two(request_)).captions == ("one", "two")
    ((asked,),) = model.batches
    assert asked.schema["properties"]["captions"]["minItems"] == 2


def test_two_segments_that_do_not_fit_are_asked_about_one_by_one(seeing, request_):
    with pytest.raises(TooMuch, match="2 segments cannot be shown in 1 pictures"):
        seeing(Narrow()).look(two(request_))


def test_an_answer_that_cannot_be_read_is_asked_for_once_more(seeing, request_):
    said = ["I see a gate.", json.dumps(QUIET)]
    model = Scripted(lambda asked: said.pop(0))
    assert seeing(model).look(request_).usage.calls == 2
    assert any("no JSON object" in str(part) for part in model.batches[1][0].parts)


def test_an_answer_that_is_cut_is_a_failure(seeing, request_):
    class Cut(Scripted):
        def answer(self, one):
            return replace(super().answer(one), cut=True)

    model = Cut()
    with pytest.raises(ModelError, match=r"cannot be read \(cut off at `vlm.max_tokens`"):
        seeing(model).look(request_)
    assert len(model.batches) == 2


def test_looks_of_many_threads_share_one_model_and_its_batches(seeing, request_):
    model = Scripted().hold()
    vision, loads = seeing(model, batch=3), []
    vision._waking._load = lambda load=vision._waking._load: loads.append(1) or load()
    with ThreadPoolExecutor(6) as pool:
        looks = [pool.submit(vision.look, replace(request_, stream_id=f"cam{i}")) for i in range(6)]
        model.release()
        assert {one.result(30).caption for one in looks} == {QUIET["caption"]}
    assert loads == [1]
    assert sum(map(len, model.batches)) == 6


def test_it_sleeps_until_it_is_asked_and_says_what_waking_takes(seeing, request_):
    said = []
    vision = seeing(Scripted(), say=said.append)
    assert said == []
    vision.look(request_)
    vision.look(request_)
    assert said == ["loading tiny-vl (0.0 GB)", ""]


def test_what_cannot_be_loaded_fails_each_look_and_is_not_tried_again(seeing, request_, caplog):
    vision, tries = seeing(Scripted()), []

    def broken():
        tries.append(1)
        raise ConfigError("the weights in 'x' are torn")

    vision._waking._load = broken
    for _ in range(3):
        with pytest.raises(ModelError, match="are torn"):
            vision.look(request_)
    assert tries == [1]
    assert caplog.text.count("are torn") == 1


def test_who_waits_for_the_weights_is_let_go_when_it_is_closed(seeing, request_):
    generator, begun, go = Scripted(), threading.Event(), threading.Event()
    vision = seeing(generator)

    def slow(load=vision._waking._load):
        begun.set()
        assert go.wait(30)
        return load()

    vision._waking._load = slow
    with ThreadPoolExecutor(1) as pool:
        look = pool.submit(vision.look, request_)
        assert begun.wait(30)
        vision.close()
        with pytest.raises(ModelError, match="is closed"):
            look.result(30)
    go.set()
    assert generator.closed.wait(30)  # what came too late is given back
    with pytest.raises(ModelError, match="is closed"):
        vision.look(request_)


def test_one_that_was_never_asked_is_never_loaded(seeing):
    vision = seeing(Scripted())
    vision.close()
    assert vision._waking._model is None


def test_a_family_of_set_tasks_is_asked_task_by_task(seeing, request_):
    """Captions and boxes in its own words; each task costs, and all belong to the look's stream."""
    model = Scripted(lambda asked: "a gate and a person", family=TASKED)
    reply = seeing(model).look(request_)
    assert "a gate and a person" in reply.caption
    asked = [one for batch in model.batches for one in batch]
    assert {one.stream for one in asked} == {"cam"}
    assert {len(one.images) for one in asked} == {1}
    assert reply.usage.calls == len(asked) > 1
    assert reply.usage.gpu_s == 0.5 * len(asked)
    assert reply.usage.wall_s > 0


def test_tasks_that_failed_say_what_they_cost(seeing, request_):
    model = Scripted(lambda asked: "", family=TASKED)
    with pytest.raises(ModelError) as error:
        seeing(model).look(request_)
    assert error.value.usage.calls >= 1
    assert error.value.usage.wall_s > 0


def test_its_run_is_of_what_lies_in_the_folder(folder, tmp_path):
    def run(**said):
        return run_of(LocalWish(load=LoadWish(path=folder, **said)))

    before = run()
    assert before.model == "tiny-vl"
    assert run() == before
    assert run(device="cpu") == before
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    folder.rename(moved / "tiny-vl")
    (moved / "tiny-vl" / "README.md").write_text("read me")
    assert run_of(LocalWish(load=LoadWish(path=moved / "tiny-vl"))) == before
    folder = moved / "tiny-vl"
    assert run(quantise="4bit").id != before.id
    assert run_of(LocalWish(load=LoadWish(path=folder), bounds=Bounds(max_images=2))).id != before.id
    adapter = tmp_path / "lora"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"1")
    with_one = run_of(LocalWish(load=LoadWish(path=folder, adapters=(adapter,))))
    assert with_one.id != before.id
    (adapter / "adapter_model.safetensors").write_bytes(b"2")
    assert run_of(LocalWish(load=LoadWish(path=folder, adapters=(adapter,)))).id != with_one.id
    (folder / "model.safetensors").write_bytes(b"others")
    assert run_of(LocalWish(load=LoadWish(path=folder))).id != before.id


def test_a_snapshot_of_a_hubs_cache_is_named_by_its_model(tmp_path):
    snapshot = tmp_path / "models--Qwen--Qwen2.5-VL-3B-Instruct" / "snapshots" / "66285546d2b8"
    snapshot.mkdir(parents=True)
    assert name_of(snapshot) == "Qwen/Qwen2.5-VL-3B-Instruct"
    assert name_of(tmp_path / "snapshots" / "x") == "x"
    assert name_of(tmp_path / "a" / ".." / "b") == "b"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "no folder"),
        ("", "no config.json"),
        ("{", "cannot be read"),
        ('{"model_type": "mamba"}', "mamba"),
        ('{"model_type": "moonbeam", "auto_map": {}}', "trust_remote_code"),
    ],
)
def test_what_is_no_model_is_told_before_anything_is_loaded(config, said, tmp_path, media):
    folder = tmp_path / "m"
    if config is not None:
        folder.mkdir()
    if config:
        (folder / "config.json").write_text(config)
    with pytest.raises(ConfigError, match=said) as error:
        LocalVision(media, LocalWish(load=LoadWish(path=folder)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["torch", "transformers", "llguidance"])
def test_a_library_that_is_not_installed_is_named(name, folder, monkeypatch):
    monkeypatch.setattr(
        "agent.perception.vlm.local.vision.find_spec", lambda asked: None if asked == name else object()
    )
    with pytest.raises(ConfigError, match=rf"needs {name}, .* pip install 'vidette\[vlm\]'"):
        check(LoadWish(path=folder))


@pytest.mark.needs_models
@pytest.mark.parametrize("family", ["smolvlm", "qwen2.5-vl"])
def test_random_weights_of_a_real_class_answer_by_the_schema(family, terse_model, media, request_):
    vision = LocalVision(media, LocalWish(load=LoadWish(path=terse_model(family), device="cpu")))
    try:
        reply = vision.look(request_)
    finally:
        vision.close()
    assert reply.caption
    assert reply.usage.calls == 1
    assert reply.usage.completion_tokens > 50
    assert reply.usage.prompt_tokens > 1000
    assert reply.usage.gpu_s > 0


@pytest.mark.needs_models
def test_real_questions_together_have_the_answers_that_each_has_alone(terse_model, media, request_):
    """A batch is as good as one, held to the schema or not."""
    looks = [replace(request_, stream_name=name, stream_id=name) for name in ("gate", "the long way down", "x")]
    said = []
    for batch in (1, 4):
        vision = LocalVision(media, LocalWish(load=LoadWish(path=terse_model("smolvlm"), device="cpu"), batch=batch))
        with ThreadPoolExecutor(len(looks)) as pool:
            said.append([replace(one, usage=None) for one in pool.map(vision.look, looks)])
        vision.close()
    assert said[0] == said[1]


@pytest.mark.needs_models
def test_random_weights_of_a_family_of_tasks_answer_or_fail_with_a_reason(tiny_model, media, request_):
    vision = LocalVision(media, LocalWish(load=LoadWish(path=tiny_model("florence-2"), device="cpu")))
    try:
        reply = vision.look(request_)
    except ModelError as error:
        assert "\n" not in str(error)
        assert "closed" not in str(error)
    else:
        assert reply.usage.calls >= 1
    finally:
        vision.close()
