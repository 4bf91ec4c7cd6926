import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidette.carry import pack, unpack
from vidette.errors import StoreError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["tracks", "objects", "clock"]), JSON))
def test_state_comes_back(state: dict[str, object]) -> None:
    assert unpack(pack({}, state)) == ({}, state)


def test_arrays_come_back_with_their_kind_and_shape() -> None:
    arrays = {"background": np.arange(12, dtype=np.uint8).reshape(3, 4), "noise": np.array([0.5], np.float32)}
    found, state = unpack(pack(arrays, {"n": 1}))
    assert state == {"n": 1}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@given(st.data())
def test_damaged_bytes_are_an_error_of_ours(data: st.DataObject) -> None:
    whole = pack({"a": np.arange(16, dtype=np.uint8)}, {"n": 1})
    at = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(max_size=6))
    cut = data.draw(st.booleans())
    broken = whole[:at] + patch + (b"" if cut else whole[at + len(patch) :])
    try:
        arrays, state = unpack(broken)
    except StoreError as error:
        assert "--again" in str(error)
        return
    # Only what is not read back may differ: times and names' second copies in the archive's directory.
    assert (state, arrays["a"].tolist()) == ({"n": 1}, list(range(16)))


def test_no_pickle_is_opened() -> None:
    import io

    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(StoreError):
        unpack(buffer.getvalue())
