"""A folder of files spoiled at random, and a file that grows, through a whole watch."""

import json
import threading
from itertools import pairwise

from app import cli
from tests.bad_files import spoiled
from tests.canary import canary
from tests.clips import FPS, Recipe, make

RECIPES = {"a.mp4": {}, "a.mkv": {"b_frames": 2}, "a.ts": {}, "mpeg4.avi": {"codec": "mpeg4"}}
VARIANTS = 6


def coverage(db, capsys) -> dict[str, list[dict]]:
    capsys.readouterr()
    assert cli.main(["coverage", "--db", str(db), "--json", "--limit", "100000"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {row["stream"]: [one for one in rows if one["stream"] == row["stream"]] for row in rows}


def test_a_folder_of_spoiled_files_never_faults(tmp_path, capsys):
    """Each is watched, watched in part or refused, and each line says which; the good one is whole."""
    folder, db = tmp_path / "cams", tmp_path / "v.db"
    folder.mkdir()
    for name, recipe in RECIPES.items():
        data = make(tmp_path / name, Recipe(frames=50, gop=10, **recipe)).read_bytes()
        for seed in range(VARIANTS):
            (folder / f"{seed}x-{name}").write_bytes(spoiled(data, seed))
    make(folder / "good.mp4", Recipe(frames=50))
    code = cli.main(["watch", "-q", str(folder), "--db", str(db)])
    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    lines = said.err.splitlines()
    assert all(line.startswith(("failed: ", "not watched: ")) and "x-" in line for line in lines)
    assert not any("please report" in line for line in lines)
    seen = coverage(db, capsys)
    for rows in seen.values():
        assert all(a["end_s"] == b["start_s"] for a, b in pairwise(rows))
    (good,) = [rows for name, rows in seen.items() if name.startswith("good")]
    assert (good[0]["start_s"], good[-1]["end_s"], {row["state"] for row in good}) == (0, 2, {"watched"})
    told = {line.split(": ")[1].split(" ")[0] for line in lines if line.startswith("not watched")}
    assert told == {name for name, rows in seen.items() if any(row["state"] == "failed" for row in rows)}


def test_a_file_that_grows_while_it_is_watched(tmp_path, capsys):
    """What is appended once somebody reads it is watched too, or not: never an error, never a gap."""
    whole = make(tmp_path / "whole.ts", Recipe(frames=500, gop=12)).read_bytes()
    path, half = tmp_path / "grow.ts", len(whole) // 2 // 188 * 188
    path.write_bytes(whole[:half])

    def grow() -> None:
        assert bird.wait(60)
        with path.open("ab") as more:
            more.write(whole[half:])

    with canary(path) as bird:
        writer = threading.Thread(target=grow)
        writer.start()
        code = cli.main(["watch", "-q", str(path), "--db", str(tmp_path / "v.db")])
        writer.join()
    assert code == 0, capsys.readouterr().err
    (rows,) = coverage(tmp_path / "v.db", capsys).values()
    assert {row["state"] for row in rows} == {"watched"}
    assert all(a["end_s"] == b["start_s"] for a, b in pairwise(rows))
    assert rows[0]["start_s"] == 0
    assert 9 <= rows[-1]["end_s"] <= 500 / FPS + 0.1
