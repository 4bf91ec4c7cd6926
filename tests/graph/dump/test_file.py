import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.dump import carrying, file
from graph.dump.embedded import EmbeddedMemory
from graph.dump.file import DumpFile
from vidette.errors import StoreError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("dumps")


@pytest.fixture(scope="module", params=["full.jsonl", "full.jsonl.gz"])
def dump(request, folder, full):
    """A dump of everything."""
    path, memory = folder / request.param, EmbeddedMemory(full)
    with path.open("wb") as out:
        carrying.export(memory, out, packed=file.is_packed(path))
    memory.close()
    return path


def read(path):
    return list(DumpFile(path).records())


def lines_of(path):
    data = path.read_bytes()
    return (gzip.decompress(data) if file.is_packed(path) else data).splitlines(keepends=True)


def spoiled(dump, lines):
    """The dump with other lines."""
    path = dump.with_name(f"spoiled-{dump.name}")
    data = b"".join(lines)
    path.write_bytes(gzip.compress(data) if file.is_packed(dump) else data)
    return path


def test_it_is_json_lines_that_say_what_they_are(dump):
    lines = [json.loads(line) for line in lines_of(dump)]
    assert (lines[0]["vidette"], lines[0]["version"], lines[-1]["vidette"]) == ("memory", 1, "end")
    assert lines[0]["counts"] == lines[-1]["counts"]
    assert sum(lines[0]["counts"].values()) == len(lines) - 2
    assert set(lines[-1]["digests"]) == set(lines[-1]["counts"])
    assert DumpFile(dump).head().id == lines[0]["id"]


def test_it_reads_as_it_was_written(dump):
    found = read(dump)
    assert [line + b"\n" for _, line in found] == lines_of(dump)[1:-1]


@settings(max_examples=40)
@given(st.data())
def test_a_dump_that_was_changed_or_cut_anywhere_is_refused(dump, data):
    whole = dump.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 2))
    path = dump.with_name(f"damaged-{dump.name}")
    if data.draw(st.booleans()):
        path.write_bytes(whole[:at])
    else:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :])
    try:
        found = read(path)
    except StoreError as refused:
        assert "\n" not in str(refused)
        assert path.name in str(refused)
    else:  # its first line says when it was made, gzip's header what system made it: neither is memory
        assert [line for _, line in found] == [line for _, line in read(dump)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:-1], "its end is missing"),
        (lambda lines: [*lines[:5], *lines[6:]], "were written"),
        (lambda lines: [*lines[:5], lines[5], *lines[5:]], "were written"),
        (lambda lines: [*lines, lines[-1]], "more follows"),
        (lambda lines: [*lines, b"\n"], "more follows"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]][:9] + lines[9:], None),
        (lambda lines: [lines[0], lines[-2], *lines[1:-2], lines[-1]], "line 3: run comes after"),
        (lambda lines: [lines[0], b'{"kind":"statement"}\n', *lines[1:]], "line 2: no record"),
        (lambda lines: [lines[0], b"\n", *lines[1:]], "line 2: no record"),
        (lambda lines: [lines[0].replace(b'"version":1', b'"version":2'), *lines[1:]], "newer Vidette"),
        (lambda lines: [lines[0].replace(b'"version":1', b'"version":true'), *lines[1:]], "no dump"),
        (lambda lines: [lines[0].replace(b"{", b'{"more":1,', 1), *lines[1:]], "line 1: .*more"),
        (lambda lines: lines[1:], "no dump"),
        (lambda _: [], "no dump"),
        (lambda _: [b"[" * 100_000], "no dump"),
        (lambda _: [b'{"vidette": "memory"}\n'], "no dump"),
    ],
)
def test_what_is_wrong_is_said_by_line(dump, change, said):
    path = spoiled(dump, change(lines_of(dump)))
    if said is None:  # records of a kind in another order are the same dump
        assert len(read(path)) == len(read(dump))
        return
    with pytest.raises(StoreError, match=said):
        read(path)


def test_a_line_without_end_is_not_read_into_memory(dump, monkeypatch):
    monkeypatch.setattr(file, "MOST_BYTES", 4000)
    path = spoiled(dump, [lines_of(dump)[0], b" " * 5000])
    with pytest.raises(StoreError, match="line 2: longer than"):
        read(path)


def test_what_cannot_be_opened_is_one_line(tmp_path):
    (tmp_path / "x.jsonl.gz").write_bytes(b"plain")
    for path in (tmp_path / "none.jsonl", tmp_path, tmp_path / "x.jsonl.gz"):
        with pytest.raises(StoreError, match="name a dump of memory"):
            read(path)
