"""Which memory a process works with, as far as two of them can tell whether it is the same."""

import os

from vidette.settings import Settings
from workers.shared.memory import Place, place_of


def test_a_file_is_the_same_by_whatever_name_and_another_one_is_not(tmp_path):
    (tmp_path / "v.db").touch()
    (tmp_path / "w.db").touch()
    os.symlink(tmp_path / "v.db", tmp_path / "link.db")
    v, w, link, none = (place_of(Settings(db=str(tmp_path / f"{name}.db"))) for name in ("v", "w", "link", "none"))
    assert v.name == str(tmp_path / "v.db")
    assert v.differs(w)
    assert not v.differs(link)
    assert not v.differs(none), "it may be made as the same one"
    assert not v.differs(Place()), "an older version says nothing"


def test_a_server_may_have_several_addresses_but_its_databases_are_several():
    here, there = place_of(Settings(db="bolt://127.0.0.1:7687")), place_of(Settings(db="neo4j+s://graph.example"))
    other = place_of(Settings(db="bolt://127.0.0.1:7687", neo4j={"database": "other", "password": "hunter2"}))
    assert not here.differs(there)
    assert here.differs(other)
    assert here.differs(Place(mark="file 1:2", name="/v.db"))
    assert "hunter2" not in repr(other)
