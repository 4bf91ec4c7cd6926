"""Which memory and which folder a process works with, as far as two of them can tell whether they are the same."""

import os

from vidette.settings import Settings
from workers.shared.places import Place, media_of, memory_of


def test_a_file_is_the_same_by_whatever_name_and_another_one_is_not(tmp_path):
    (tmp_path / "v.db").touch()
    (tmp_path / "w.db").touch()
    os.symlink(tmp_path / "v.db", tmp_path / "link.db")
    v, w, link, none = (memory_of(Settings(db=str(tmp_path / f"{name}.db"))) for name in ("v", "w", "link", "none"))
    assert v.name == str(tmp_path / "v.db")
    assert v.differs(w)
    assert not v.differs(link)
    assert not v.differs(none), "it may be made as the same one"
    assert not v.differs(Place()), "an older version says nothing"


def test_a_server_may_have_several_addresses_but_its_databases_are_several():
    here, there = memory_of(Settings(db="bolt://127.0.0.1:7687")), memory_of(Settings(db="neo4j+s://graph.example"))
    other = memory_of(Settings(db="bolt://127.0.0.1:7687", neo4j={"database": "other", "password": "hunter2"}))
    assert not here.differs(there)
    assert here.differs(other)
    assert here.differs(Place(mark="file 1:2", name="/v.db"))
    assert "hunter2" not in repr(other)


class TestMedia:
    def test_a_folder_is_the_same_by_whatever_path_and_another_one_is_not(self, tmp_path):
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
        os.symlink(tmp_path / "one", tmp_path / "mounted")
        one, two, mounted = (media_of(Settings(media=str(tmp_path / name))) for name in ("one", "two", "mounted"))
        assert one.differs(two)
        assert not one.differs(mounted)
        assert mounted.name == str(tmp_path / "mounted")
        assert media_of(Settings(media=str(tmp_path / "one"))) == one

    def test_one_that_is_not_there_or_may_not_be_marked_says_nothing(self, tmp_path):
        (tmp_path / "there").mkdir()
        (tmp_path / "there" / ".folder").mkdir()
        there = media_of(Settings(media=str(tmp_path / "there")))
        none = media_of(Settings(media=str(tmp_path / "none")))
        assert (there.mark, none.mark) == ("", "")
        assert not (tmp_path / "none").exists()
        assert not there.differs(Place(mark="x"))

    def test_what_another_wrote_there_is_bounded_text(self, tmp_path):
        (tmp_path / ".folder").write_bytes(b"\xff" * 10_000_000)
        assert len(media_of(Settings(media=str(tmp_path))).mark) <= 64
