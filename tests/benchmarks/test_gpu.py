"""The bench of a GPU runs from end to end where there is none, on a tiny shape; the large shapes have the real sizes."""

import json

import pytest

pytestmark = [pytest.mark.needs_models, pytest.mark.usefixtures("_torch")]


def test_both_ways_answer_as_much_and_the_result_names_the_hardware(tmp_path, capsys):
    from benchmarks import gpu

    small = ["--questions", "3", "--images", "2", "--size", "96x64", "--tokens", "5"]
    gpu.main(["--shape", "tiny", "--device", "cpu", "--batches", "1", "2", *small, "--out", str(tmp_path)])
    (path,) = tmp_path.iterdir()
    result = json.loads(path.read_text())
    assert [row["batch"] for row in result["rows"]] == [1, 2]
    for row in result["rows"]:
        assert row["plain"]["tokens"] == row["ours"]["tokens"] == 5 * row["questions"]
        assert min(row["plain"]["images_s"], row["ours"]["images_s"]) > 0
    assert "not real ones" in result["what"]
    assert result["hardware"]
    assert "images/s" in capsys.readouterr().out


@pytest.mark.parametrize(("shape", "weights"), [("qwen2.5-vl-3b", 3_754_622_976), ("qwen2.5-vl-7b", 8_292_166_656)])
def test_a_shape_has_as_many_weights_as_the_published_model(shape, weights):
    import torch

    from benchmarks.vlm_shapes import made, parameters

    model = made(shape, "meta")
    assert parameters(model) == weights
    assert model.model.dtype == torch.bfloat16
