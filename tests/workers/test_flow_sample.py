"""A stream may be sampled otherwise than the others, file or camera."""

from vidette.queries import Runs
from vidette.settings import Settings
from workers.inline import InlineRunner
from workers.streams import settings_for


def test_a_file_is_sampled_as_its_own_settings_say(memory, clip, spec_of):
    pipeline = memory(sample="5", streams=[{"name": "yard", "sample": "1"}])
    InlineRunner(pipeline).watch([spec_of(clip, "yard"), spec_of(clip, "other")])
    assert sorted(run.params["sample"] for run in pipeline.store.read(Runs())) == ["1", "5"]


def test_what_is_not_said_of_a_stream_holds_for_all():
    settings = Settings.model_validate(
        {"sample": "2", "streams": [{"name": "a", "sample": "keyframes"}, {"name": "b"}]}
    )
    assert [settings_for(settings, name).sample for name in ("a", "b", "c")] == ["keyframes", "2", "2"]
