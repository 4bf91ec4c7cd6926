"""Settings of judgement: rules, the hours in which they hold, who is told and when."""

from collections.abc import Iterator
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from vidette.alerts import Severity
from vidette.bounded import TOPIC, Clock, Key, Model, Name, OneOrMore, Positive, Seconds, Secret, Share
from vidette.models import EventType, Label

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Word = Annotated[str, Field(min_length=1, max_length=120)]


def _range(text: str) -> list[str]:
    """`mon-fri` as its days, over the end of the week where need be; anything else as it is."""
    first, dash, last = text.partition("-")
    if not dash or first not in _DAYS or last not in _DAYS:
        return [text]
    begin = _DAYS.index(first)
    return [_DAYS[(begin + step) % 7] for step in range((_DAYS.index(last) - begin) % 7 + 1)]


class ActiveSettings(Model):
    """When a rule holds, by the clock of `tz`; an end before the begin is on the next day."""

    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]] = Field(
        default_factory=list,
        description="days on which it begins; a range may be written `mon-fri`; empty: every day. A day of the file of"
        " holidays is `holiday` and no day of the week",
    )
    holidays: str = Field(
        default="", max_length=2000, description="a file with a date a line (2026-12-25, or 12-25 for every year)"
    )
    begin: Clock = Field(default="00:00", alias="from", description="HH:MM")
    end: Clock = Field(default="24:00", alias="to", description="HH:MM, up to 24:00")
    tz: str = Field(default="", description="time zone (IANA name); empty is that of the settings")

    @field_validator("days", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        return [day for one in value for day in _range(str(one))] if isinstance(value, list) else value

    @field_validator("tz")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key if value else ""
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone; give an IANA name such as Europe/Paris") from None


_OF_EVENT = ("event", "label", "attributes", "caption", "zone", "line", "direction", "stream", "confidence")
_KINDS: dict[str, tuple[str, ...]] = {
    "ask": ("stream", "confidence", "for_s"),
    "count": ("at_least", "at_most", "within_s", "for_s"),
    "rate": ("per_s", "at_least", "at_most", "within_s", "for_s"),
    "in_order": ("within_s", "same"),
    "absence": ("for_s", "between"),
    "all": ("within_s", "same", "for_s"),
    "any": ("for_s",),
    "not_": (),
}
"""What may stand beside each kind of condition."""


def kind_of(when: "WhenSettings") -> str:
    """`event` for conditions on one event, else the key that says what kind it is. Raises ValueError for two kinds."""
    given = [kind for kind in _KINDS if getattr(when, kind)]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(map(_shown, given))} together; give one, or put them under `all` or `any`")
    return given[0] if given else "event"


def check_kind(when: "WhenSettings") -> None:
    """Raises ValueError where keys do not belong together, or one is missing."""
    kind = kind_of(when)
    allowed = {kind, *_KINDS.get(kind, (*_OF_EVENT, "for_s"))}
    for key in sorted(_given(when) - allowed):
        raise ValueError(f"`{_shown(key)}` does not go with `{_shown(kind)}`; {_advice(kind)}")
    _check_needs(when, kind)


def _given(when: "WhenSettings") -> set[str]:
    """Keys that say something: settings that are printed whole and read again hold every one."""
    fields = type(when).model_fields
    return {key for key, field in fields.items() if getattr(when, key) != field.get_default(call_default_factory=True)}


def _check_needs(when: "WhenSettings", kind: str) -> None:
    if kind == "ask" and not any(letter.isalnum() for letter in when.ask):
        raise ValueError("`ask` is empty; write a question that is answered yes or no")
    if kind in ("count", "rate") and (when.at_least is None) == (when.at_most is None):
        raise ValueError(f"`{kind}` needs `at_least` or `at_most`, one of them")
    if kind in ("rate", "in_order") and not when.within_s:
        raise ValueError(f"`{kind}` needs `within_s`")
    if kind == "absence" and bool(when.for_s) == (when.between is not None):
        raise ValueError("`absence` needs `for_s` or `between`, one of them")
    if kind in ("in_order", "all") and len(getattr(when, kind)) < 2:
        raise ValueError(f"`{kind}` needs two parts or more")
    if kind == "all" and all(part.not_ for part in when.all):
        raise ValueError("`all` needs a part that is not `not`: something must happen")
    parts = [*when.any, *when.in_order, *(one for one in (when.count, when.rate, when.absence, when.not_) if one)]
    if any(part.not_ for part in parts):
        raise ValueError("`not` stands under `all`, beside what must happen")


def _shown(key: str) -> str:
    return key.removesuffix("_")


def _advice(kind: str) -> str:
    return "put it into the condition inside" if kind != "event" else "that needs another kind of condition"


class WhenSettings(Model):
    """What must be true: of one event, or of several, over time.

    Exactly one kind: conditions on one event, `ask`, `count`, `in_order`, `absence`, `rate`, `all` or `any`.
    """

    event: OneOrMore[EventType] = Field(default=(), description="type or types of the event")
    label: OneOrMore[Label] = Field(default=(), description="label or labels of a thing in it")
    attributes: dict[Word, OneOrMore[Word]] = Field(
        default_factory=dict,
        max_length=16,
        description="attributes of a thing in it, or of the event: `{kind: van, colour: [white, grey]}`",
    )
    caption: str = Field(default="", max_length=200, description="words that its caption holds, all of them")
    zone: OneOrMore[Name] = Field(default=(), description="zone or zones in which it is")
    line: OneOrMore[Name] = Field(default=(), description="line or lines that are crossed")
    direction: Literal["", "forward", "backward"] = Field(
        default="", description="the way in which the line is crossed"
    )
    stream: OneOrMore[Name] = Field(default=(), description="stream or streams; empty: every one")
    confidence: Share = Field(default=0.0, description="at least this sure")
    for_s: Seconds = Field(default=0.0, description="it has stayed true this long")
    ask: str = Field(
        default="", max_length=300, description="a closed question to the vision model: true where it says yes"
    )
    count: "WhenSettings | None" = Field(
        default=None,
        description="with `within_s`: events that began within it; without: different things of which it holds at one time",
    )
    rate: "WhenSettings | None" = Field(default=None, description="events, per `per_s`, on average over `within_s`")
    per_s: Positive = Field(default=60.0, description="rate: the time in which so many are meant")
    at_least: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        default=None, description="count, rate: so many or more"
    )
    at_most: Annotated[float, Field(ge=0, le=1e6)] | None = Field(
        default=None, description="count, rate: so many or fewer"
    )
    in_order: "list[WhenSettings]" = Field(
        default_factory=list,
        max_length=8,
        description="one after the other, the last at most `within_s` after the first",
    )
    absence: "WhenSettings | None" = Field(
        default=None, description="it has not happened for `for_s`, or not on a day in the hours of `between`"
    )
    between: ActiveSettings | None = Field(default=None, description="absence: hours in which it is expected every day")
    all: "list[WhenSettings]" = Field(
        default_factory=list, max_length=16, description="all at one time, or no more than `within_s` apart"
    )
    any: "list[WhenSettings]" = Field(default_factory=list, max_length=16, description="one of them")
    not_: "WhenSettings | None" = Field(
        default=None, alias="not", description="a part of `all`: it does not hold at that time, within `within_s` of it"
    )
    within_s: Seconds = Field(
        default=0.0, description="count, rate, in_order, all: the time in which they are looked for"
    )
    same: Literal["", "thing", "stream", "zone"] = Field(
        default="", description="in_order, all: the parts are about one thing, on one stream, or in one zone"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "WhenSettings":
        check_kind(self)
        return self


_ONE = ("count", "rate", "absence", "not_")
_MANY = ("in_order", "all", "any")
_DEEP, _BROAD = 8, 64


def branches(when: WhenSettings, path: str = "when") -> Iterator[tuple[str, WhenSettings]]:
    """The condition and all inside it, as they are written, each with its key (`when.all[1].count`)."""
    yield path, when
    for key in _ONE:
        inner = getattr(when, key)
        if inner:
            yield from branches(inner, f"{path}.{_shown(key)}")
    for key in _MANY:
        for i, inner in enumerate(getattr(when, key)):
            yield from branches(inner, f"{path}.{key}[{i}]")


class RuleSettings(Model):
    """When to raise an alert."""

    id: Key = Field(description="its name, in every alert")
    when: WhenSettings = Field(description="what must be true")
    severity: Severity = Field(default=Severity.MEDIUM, description="how much it matters")
    active: ActiveSettings | None = Field(default=None, description="when it holds; without: always")
    cooldown_s: Seconds = Field(default=0.0, description="after an alert was sent, the next ones are kept but not sent")
    sinks: list[Key] = Field(default_factory=list, description="who is told; empty: every sink")
    shadow: bool = Field(default=False, description="judge and keep, tell nobody: to see what it would do")
    escalate_s: Seconds = Field(default=0.0, description="told louder when nobody acknowledges for so long; 0: never")
    escalate_to: list[Key] = Field(default_factory=list, description="who is told then, too; empty: those told before")
    repeat_s: Seconds = Field(default=0.0, description="told again this often while it is open; 0: never")

    @field_validator("when")
    @classmethod
    def _bounded(cls, when: WhenSettings) -> WhenSettings:
        if when.not_:
            raise ValueError("`not` stands under `all`, beside what must happen")
        found = list(branches(when))
        if len(found) > _BROAD or max(path.count(".") for path, _ in found) > _DEEP:
            raise ValueError(f"at most {_BROAD} conditions, {_DEEP} inside each other; make it several rules")
        return when


_SINK_NEEDS: dict[str, tuple[str, ...]] = {
    "webhook": ("url", "secret"),
    "mqtt": ("url",),
    "apprise": ("url",),
    "script": ("command",),
    "jsonl": ("path",),
    "console": (),
}


class SinkSettings(Model):
    """Who is told of alerts."""

    id: Key = Field(description="its name")
    kind: Literal["console", "jsonl", "script", "webhook", "mqtt", "apprise"] = Field(
        description="a line on stderr, lines of JSON in a file, a program with JSON on its stdin, an HTTP POST, a topic of"
        " an MQTT broker, or a service that Apprise knows (mail, chat, push)"
    )
    url: Annotated[str, Field(max_length=2000), "secret"] = Field(
        default="",
        description="webhook: where to post; mqtt: `mqtts://user:password@host:8883`; apprise: a URL of its kinds."
        " Never shown",
    )
    secret: Secret = Field(default="", description="webhook: signs messages (`whsec_` and base64); use `${NAME}`")
    old_secret: Secret = Field(default="", description="webhook: signs too, while receivers change to `secret`")
    path: str = Field(default="", description="jsonl: the file")
    command: list[str] = Field(default_factory=list, max_length=64, description="script: program and arguments")
    template: str = Field(
        default="",
        max_length=2000,
        description="webhook, script, mqtt, apprise: a file with a template (Jinja2) of what is sent; see"
        " `vidette rules try-template`",
    )
    topic: Annotated[str, Field(pattern=TOPIC)] = Field(
        default="vidette", description="mqtt: the topic below which everything is"
    )
    discovery: Annotated[str, Field(pattern=f"{TOPIC}|^$")] = Field(
        default="homeassistant", description="mqtt: the topic at which Home Assistant looks for devices; empty: none"
    )
    min_severity: Severity = Field(default=Severity.LOW, description="told from this severity on")
    resolved: bool = Field(default=True, description="told too when an alert is resolved")
    described: bool = Field(default=True, description="told too when a deep look says more of what it is about")
    timeout_s: Annotated[float, Field(gt=0, le=300)] = Field(default=10.0, description="longest time for one try")
    at_once: Annotated[int, Field(ge=1, le=32)] = Field(
        default=4, description="webhook: messages that may be on their way at one time, of each alert one"
    )
    give_up_days: Annotated[float, Field(ge=0, le=366)] = Field(
        default=5.0,
        description="disabled after so long without one success (its messages are kept, and `sink_disabled` happens on"
        " the stream `system`); 0: never",
    )
    allow_networks: list[str] = Field(
        default_factory=list,
        description="webhook, mqtt, apprise: private networks that may be reached (127.0.0.0/8)",
    )

    @model_validator(mode="after")
    def _complete(self) -> "SinkSettings":
        for name in _SINK_NEEDS[self.kind]:
            if not getattr(self, name):
                raise ValueError(
                    f"sink {self.id!r} is {_SINK_ARTICLE.get(self.kind, 'a')} {self.kind} and needs `{name}`"
                )
        return self


_SINK_ARTICLE = {"mqtt": "an", "apprise": "an"}


class RulesFile(Model):
    """A file of rules and who is told of them, for `vidette watch --rules`."""

    rules: list[RuleSettings] = Field(default_factory=list, description="when to raise alerts")
    sinks: list[SinkSettings] = Field(default_factory=list, description="who is told of alerts")


class QuietSettings(Model):
    """Hours in which nobody is disturbed by what can wait."""

    active: ActiveSettings = Field(description="when, by the clock on the wall")
    below: Severity = Field(
        default=Severity.CRITICAL, description="alerts less severe than this are kept and not sent in these hours"
    )
    sinks: list[Key] = Field(default_factory=list, description="who is not disturbed; empty: every sink")


class StormSettings(Model):
    """How many alerts a sink is told of before it is told how many more there are."""

    most: int = Field(
        default=100,
        ge=0,
        le=1_000_000,
        description="new alerts a sink is told of in one window (event time); what is beyond is kept and told in one"
        " summary at its end. Critical ones are always told, and files everything. 0: no bound",
    )
    window_s: Positive = Field(default=600, description="length of the window")


class AlertSettings(Model):
    """What holds for all alerts."""

    max_age_s: Seconds = Field(
        default=3600, description="live streams: alerts about older events are kept but not sent; files send all"
    )
    quiet: list[QuietSettings] = Field(
        default_factory=list, max_length=32, description="hours in which less severe alerts are kept and not sent"
    )
    storm: StormSettings = Field(default_factory=StormSettings, description="bounds on how many are sent")
    known: list[dict[Word, OneOrMore[Word]]] = Field(
        default_factory=list,
        max_length=256,
        description="attributes of things that nobody is told of: `[{name: Rex}, {kind: van, colour: [white, grey]}]`",
    )
    incident_s: Seconds = Field(
        default=300, description="alerts no more than this apart, about one thing or in one place, are one incident"
    )
    media_base_url: str = Field(
        default="", max_length=500, description="where receivers fetch evidence; empty: messages name its hash"
    )
    media_secret: Secret = Field(
        default="", description="signs those links (`whsec_` and base64), needed with them; use `${NAME}`"
    )

    @model_validator(mode="after")
    def _signed(self) -> "AlertSettings":
        if self.media_base_url and not self.media_secret:
            raise ValueError("media_base_url needs `media_secret`, which signs the links")
        return self
