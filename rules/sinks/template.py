"""Templates of messages: a part of Jinja2 that ends soon, whatever is written in it and whatever an alert holds.

Jinja2's sandbox keeps a template from the machine, not from its time and memory (its documentation says so). So only
values, loops, conditions and a few filters are let through, and loops, filters, time and size are bounded. Without
assignments, calls, macros and arithmetic on texts, no expression is larger than what is written, times what a filter
may give.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidette.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_SOURCE = 16_384  # characters
MAX_NODES = 1_500
MAX_STEPS = 10_000  # of all loops together
MAX_VALUE = 65_536  # characters that a filter takes or gives
MAX_TEXT = 65_536
LONGEST_S = 0.5
_FILTERS = (
    *("tojson", "upper", "lower", "title", "capitalize", "trim", "length", "default", "d", "first", "last"),
    *("int", "float", "round", "string", "truncate", "urlencode", "escape", "e", "join", "reverse", "sort"),
)
_NODES = (
    *("Template", "Output", "TemplateData", "Name", "Getattr", "Getitem", "Slice", "Const", "List", "Tuple", "Dict"),
    *("Pair", "If", "For", "CondExpr", "Compare", "Operand", "And", "Or", "Not", "Concat", "Filter", "Test"),
    *("Keyword", "Neg"),
)


class Template:
    """A template that was read. Raises ConfigError for one that is no template, or asks for more than is let through."""

    def __init__(self, source: str, name: str = "template") -> None:
        self.name = name
        if len(source) > MAX_SOURCE:
            raise ConfigError(f"template {name!r} has {len(source)} characters; at most {MAX_SOURCE} are read")
        self._run = _Run(LONGEST_S)
        self._code = _compiled(source, name, self._run)

    def text(self, values: dict[str, Any]) -> str:
        """What it makes of a message: `type`, `timestamp`, `data`, and `alert`, which is `data.alert`.

        Raises DeliveryError, in one line, where it cannot, takes too long or makes too much.
        """
        from jinja2 import TemplateError

        self._run.begin()
        try:
            return "".join(self._run.bounded(self._code({**values, "alert": values.get("data", {}).get("alert", {})})))
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise DeliveryError(f"template {self.name!r}: {_line(error)}") from error


def read_template(path: Path) -> Template:
    """The template in a file. Raises ConfigError, which names it."""
    try:
        with path.open(encoding="utf-8") as handle:
            return Template(handle.read(MAX_SOURCE + 1), str(path))
    except OSError as error:
        raise ConfigError(f"template {str(path)!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"template {str(path)!r} is not UTF-8") from error


class _Run:
    """The bounds of one use of a template: each thread has its own count."""

    def __init__(self, longest_s: float) -> None:
        self._local, self._longest_s = threading.local(), longest_s

    def begin(self) -> None:
        self._local.until, self._local.steps = time.thread_time() + self._longest_s, 0

    def check(self) -> None:
        if time.thread_time() > self._local.until:  # of its own: a busy machine must not make a good one fail
            raise ValueError(f"takes more than {self._longest_s:g} s of a processor")

    def steps(self, value: Any) -> Iterator[Any]:
        for one in value:
            self._local.steps += 1
            if self._local.steps > MAX_STEPS:
                raise ValueError(f"more than {MAX_STEPS} steps of loops")
            self.check()
            yield one

    def bounded(self, parts: Iterator[str]) -> Iterator[str]:
        size = 0
        for part in parts:
            self.check()
            size += len(part)
            if size > MAX_TEXT:
                raise ValueError(f"makes more than {MAX_TEXT} characters")
            yield part

    def filter(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """The filter, of values that are not too large."""

        def checked(*given: Any, **named: Any) -> Any:
            self.check()
            for one in (*given, *named.values()):
                _check_size(name, one)
            value = act(*given, **named)
            value = list(value) if isinstance(value, Iterator) else value
            _check_size(name, value)
            return value

        return functools.update_wrapper(checked, act)  # with the mark of those that ask for the environment


def _check_size(name: str, value: Any) -> None:
    if isinstance(value, str | list | tuple | dict) and len(value) > MAX_VALUE:
        raise ValueError(f"`{name}` of more than {MAX_VALUE} characters")
    if isinstance(value, int) and abs(value) > MAX_VALUE**2:
        raise ValueError(f"`{name}` of a number that large")


def _join(values: Any, by: str = "") -> str:
    """Texts with another between them, which is a short one."""
    if len(by) > 16:
        raise ValueError("`join` by more than 16 characters")
    return by.join(map(str, values))


def _round(value: float, digits: int = 0) -> float:
    """Rounded to so many digits after the point, at most 9."""
    return round(value, min(9, max(0, int(digits))))


def _compiled(source: str, name: str, run: _Run) -> Callable[[dict[str, Any]], Iterator[str]]:
    environment = _environment(run)
    from jinja2 import TemplateSyntaxError  # it is there, as the environment is

    try:
        tree = environment.parse(source, name)
        _check(tree)
        _bound_loops(tree)
        template = environment.from_string(tree)
    except TemplateSyntaxError as error:
        raise ConfigError(f"template {name!r}, line {error.lineno}: {error.message}") from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise ConfigError(f"template {name!r} is nested too deeply") from error
    return template.generate


def _environment(run: _Run) -> "ImmutableSandboxedEnvironment":
    """Jinja2 with nothing but what is listed. Raises ConfigError where it is not installed."""
    try:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        raise ConfigError("templates need Jinja2; install it: pip install 'vidette[sinks]'") from None
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, optimized=False
    )
    known = {**environment.filters, "join": _join, "round": _round}
    environment.filters = {one: run.filter(one, known[one]) for one in _FILTERS}
    environment.filters[_STEPS] = run.steps
    environment.globals = {}
    return environment


_STEPS = "steps of a loop"  # no name that can be written


def _check(tree: "nodes.Template") -> None:
    """Raises TemplateSyntaxError for what is not let through."""
    from jinja2 import TemplateSyntaxError, nodes

    for count, node in enumerate(tree.find_all(nodes.Node)):
        kind = type(node).__name__
        if kind not in _NODES or (isinstance(node, nodes.Filter) and node.name not in _FILTERS):
            raise TemplateSyntaxError(_refusal(node), node.lineno)
        if isinstance(node, nodes.For) and node.recursive:
            raise TemplateSyntaxError("a recursive loop is not let through", node.lineno)
        if count > MAX_NODES:
            raise TemplateSyntaxError(f"more than {MAX_NODES} parts", node.lineno)


def _refusal(node: "nodes.Node") -> str:
    from jinja2 import nodes

    if isinstance(node, nodes.Filter):
        return f"no filter `{node.name}` here; there are {', '.join(_FILTERS)}"
    return f"`{type(node).__name__.lower()}` is not let through: values, conditions, loops and filters are"


def _bound_loops(tree: "nodes.Template") -> None:
    """Have every step of every loop counted."""
    from jinja2 import nodes

    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, _STEPS, [], [], None, None, lineno=loop.lineno)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
