"""Templates: what is let through, and that whatever is written ends soon."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.sinks.composing import Composer
from rules.sinks.message import MAX_BYTES
from rules.sinks.template import LONGEST_S, MAX_SOURCE, Template, read_template
from tests.telling import alert
from vidette.errors import ConfigError, DeliveryError

CHAT = '{"text": {{ (alert.severity | upper ~ ": " ~ alert.text) | tojson }}}'


def made(source: str, **fields) -> str:
    return Composer(template=Template(source))(alert(**fields)).text.decode()


def test_a_template_makes_the_body_of_a_chat_service():
    composed = Composer(template=Template(CHAT))(alert(text='a "bag"\n<b>'))
    assert composed.media_type == "application/json"
    assert json.loads(composed.text) == {"text": 'HIGH: a "bag"\n<b>'}


def test_loops_conditions_and_filters_are_let_through():
    source = """{% for one in alert.why %}{{ loop.index }}. {{ one | truncate(20) }}{% if not loop.last %}; {% endif %}
{% endfor %} [{{ alert.streams | join(",") }}] {{ alert.late_s | default(0) | round(1) }} {{ type }} {{ data.alert.id[:4] }}"""
    assert made(source) == "1. object_left in zone gate; 2. it stayed 60 s [yard] 0 alert.raised 0000"


def test_text_that_is_no_json_goes_as_text():
    assert Composer(template=Template("{{ alert.text }}"))(alert()).media_type.startswith("text/plain")


def test_what_looks_like_json_has_to_be():
    with pytest.raises(DeliveryError, match="tojson"):
        made('{"text": "{{ alert.text }}"}', text='a "bag"')


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("{{ 1 + 1 }}", "`add`"),
        ("{{ 1 / 0 }}", "`div`"),
        ("{{ 'x' * 1000000000 }}", "`mul`"),
        ("{{ 9 ** 9 ** 9 }}", "`pow`"),
        ("{% set x = 1 %}", "`assign`"),
        ("{{ range(9) }}", "`call`"),
        ("{{ alert.text.upper() }}", "`call`"),
        ("{% macro a() %}{{ a() }}{% endmacro %}", "`macro`"),
        ("{% include 'x' %}", "`include`"),
        ("{% import 'x' as y %}", "`import`"),
        ("{% extends 'x' %}", "`extends`"),
        ("{% filter upper %}x{% endfilter %}", "`filterblock`"),
        ("{% with x = 1 %}{% endwith %}", "`with`"),
        ("{% for a in [1] recursive %}{% endfor %}", "recursive"),
        ("{{ alert.text | replace('a', 'b') }}", "`replace`"),
        ("{{ alert.text | attr('x') }}", "`attr`"),
        ("{{ alert.text | map('upper') }}", "`map`"),
        ("{{ a", "line 1: unexpected end"),
        ("\n\n{% if %}", "line 3"),
        ("{{ type" + "~type" * 1500 + " }}", "more than"),
        ("x" * (MAX_SOURCE + 1), "characters"),
        ("{{ " + "(" * 4000 + ")" * 4000 + " }}", "template"),
        ("{{ " + "not " * 1200 + "1 }}", "nested too deeply"),
    ],
)
def test_what_is_not_let_through_is_said_when_it_is_read(source, part):
    with pytest.raises(ConfigError) as caught:
        Template(source)
    assert part in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("{{ alert.nothing }}", "nothing"),
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ alert.text.__class__.__mro__ }}", "unsafe"),
        ("{{ alert['text'].__init__ }}", "unsafe"),
        ("{{ alert.text[1:2:0] }}", "slice step"),
        ("{{ alert.text | round }}", "template"),
    ],
)
def test_what_fails_when_it_is_used_is_said_in_one_line(source, part):
    with pytest.raises(DeliveryError) as caught:
        made(source)
    assert part in str(caught.value)
    assert str(caught.value).isprintable()


LOOPS = "{% for a in alert.text %}" * 6 + "{{ a }}" + "{% endfor %}" * 6
BOMBS = [
    LOOPS,
    LOOPS.replace("{{ a }}", ""),
    "{{ alert.text" + " | tojson" * 400 + " }}",
    "{{ alert.text" + " | escape" * 400 + " }}",
    "{{ alert.text" + " | urlencode" * 400 + " }}",
    "{{ alert.text" + " | join('" + "x" * 16 + "')" * 1 + " | join('xxxxxxxxxxxxxxxx')" * 100 + " }}",
    "{{ alert.text | join(alert.text) }}",
    "{{ 1.5 | round(1000000000) }}{{ 1.5 | round(1000000000, 'ceil') }}",
    "{{ alert.text | truncate(1000000000) }}" * 300,
    "{% for a in alert.text %}{% for b in alert.text %}{{ alert.text | sort | join | title | urlencode }}{% endfor %}{% endfor %}",
    "{{ ['x', 'x'] | sort | reverse | list }}",
    "{{ 99999999999999999999999999 | float | int | string | length }}",
]


@pytest.mark.parametrize("source", BOMBS)
def test_whatever_is_written_it_ends_soon_and_small(source):
    began = time.process_time()
    try:
        text = made(source, text='"\\<&%' * 100)
    except (ConfigError, DeliveryError) as error:
        text = str(error)
    assert len(text.encode()) < MAX_BYTES
    assert time.process_time() - began < 8 * LONGEST_S  # a machine that is slow, and what is measured between checks


PIECES = st.sampled_from(
    ("alert", "alert.text", "alert.why", "type", "data.alert", "1", "'x'", "[1,2]", "{'a':1}", "|", "~", "| tojson", "{{")
) | st.sampled_from(
    ("| join", "| sort", "| first", "}}", "{%", "%}", "{% if 1 %}", "{% else %}", "{% endif %}", "{% endfor %}", "a", "(")
) | st.sampled_from(("{% for a in alert.why %}", "loop.index", "not", "and", "==", "[0]", "[:2]", ".", ")"))  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map(" ".join), st.text(max_size=50))
def test_any_template_gives_text_or_an_error_of_ours(source, said):
    try:
        assert isinstance(made(source, text=said), str)
    except (ConfigError, DeliveryError) as error:
        assert str(error)


def test_a_template_is_read_from_a_file_or_the_file_is_named(tmp_path):
    path = tmp_path / "chat.j2"
    path.write_text(CHAT)
    assert read_template(path).name == str(path)
    path.write_bytes(b"\xff")
    for wrong in (path, tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigError, match=str(tmp_path)):
            read_template(wrong)
