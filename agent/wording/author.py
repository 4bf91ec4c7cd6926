"""A language model that writes the condition of a rule where the grammar leaves words: its answer is believed in nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from pydantic import ValidationError

from agent.perception.reply import clean
from agent.perception.vlm.completion import CUT, spoken
from agent.perception.vlm.loose import Fault
from agent.perception.vlm.profile import PROFILES
from agent.perception.vlm.reading import one_object
from agent.perception.vlm.server import Patience, Server
from agent.wording.draft import Draft
from agent.wording.places import Places, places_of
from agent.wording.prompt import nearest, system, user
from agent.wording.schema import rule_schema
from rules.rule import rule_of
from vidette.errors import ConfigError, ModelError
from vidette.language_settings import LanguageSettings
from vidette.rule_settings import RuleSettings, branches
from vidette.settings import Settings

_MOST_TOKENS = 1024
_LONGEST = 300
_KEYS = ("when", "severity", "active", "cooldown_s")


class Author:
    """A language model on a server. Raises ConfigError for an address or key that can be none."""

    def __init__(self, said: LanguageSettings) -> None:
        patience = Patience(timeout_s=said.timeout_s, deadline_s=said.timeout_s, retries=1, concurrency=1)
        self._server = Server(said.url, said.api_key, patience=patience, settings="language")
        self._model, self._profile = said.model, PROFILES[said.profile]

    def improved(self, draft: Draft, sentence: str, settings: Settings, tz: tzinfo) -> Draft:
        """The draft with the model's condition, severity, hours and cooldown, of which those that the grammar read stand.

        Where the model does not answer, or not with a good rule about places that there are, the draft with a doubt more.
        """
        try:
            rule = self._rule(draft, sentence, settings, tz)
        except (ModelError, Fault) as error:
            why = clean(str(error), _LONGEST)
            return replace(draft, doubts=(*draft.doubts, f"{self._model!r} wrote no rule, the grammar's stands: {why}"))
        return replace(
            draft,
            rule=rule,
            notes=tuple(note for note in draft.notes if note in draft.beside),
            doubts=tuple(doubt for doubt in draft.doubts if doubt in draft.beside),
            author=self._model,
        )

    def close(self) -> None:
        """Ask no more, and cut what is on its way."""
        self._server.close()

    def _rule(self, draft: Draft, sentence: str, settings: Settings, tz: tzinfo) -> RuleSettings:
        """Raises ModelError as the server does, Fault for an answer that is no such rule."""
        there = places_of(settings.streams)
        answer = spoken(*self._server.ask(self._body(sentence, nearest(sentence, there)), self._server.until()))
        if answer.fault:
            raise Fault("its answer was cut off" if answer.fault == CUT else answer.fault)
        return rule_in(answer.text, draft.rule, there, tz)

    def _body(self, sentence: str, places: Places) -> bytes:
        profile = self._profile
        body = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": system()},
                {"role": "user", "content": user(sentence, places)},
            ],
            profile.tokens: _MOST_TOKENS,
            "temperature": 0,
            **({"seed": 0} if profile.seed else {}),
            "stream": False,
            **profile.formed("rule", rule_schema(places, lengths=profile.lengths)),
        }
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def rule_in(text: str, read: RuleSettings, there: Places, tz: tzinfo) -> RuleSettings:
    """The rule that a model's text holds, about places that there are; what the grammar `read` stands, but its condition.

    Raises Fault, in a few words, for a text without exactly one such rule.
    """
    rule = _valid(_joined(one_object(text, "when"), read), tz)
    _check_names(rule, there)
    return rule


def _joined(said: dict[str, Any], read: RuleSettings) -> dict[str, Any]:
    """What the model says where the grammar read nothing, under what it read. Raises Fault for what is not the model's to say."""
    for key in said:
        if key not in _KEYS:
            raise Fault(f"{key[:40]!r} is not for a model to say")
    if any(key == "holidays" for key in _keys(said)):
        raise Fault("it names a file of holidays")
    own = read.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"when"})
    return {**_without_nothing(said), **own}


def _keys(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _keys(inner)


def _without_nothing(tree: Any) -> Any:
    """Without keys and items that hold null or nothing, and its texts on one printable line."""
    if isinstance(tree, dict):
        plain = {clean(key, _LONGEST): _without_nothing(one) for key, one in tree.items()}
        return {key: one for key, one in plain.items() if one not in (None, "", [], {})}
    if isinstance(tree, list):
        return [one for one in map(_without_nothing, tree) if one not in (None, "")]
    return clean(tree, _LONGEST + 1) if isinstance(tree, str) else tree


def _valid(said: dict[str, Any], tz: tzinfo) -> RuleSettings:
    """Held against the same tables as a rule that a person writes. Raises Fault."""
    try:
        rule = RuleSettings.model_validate(said)
        rule_of(rule, tz)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"][:8])
        raise Fault(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None
    except ConfigError as error:
        raise Fault(str(error)) from None
    return rule


def _check_names(rule: RuleSettings, there: Places) -> None:
    """Raises Fault for a zone, line or stream that the settings lack."""
    for path, when in branches(rule.when):
        for key, names in (("zone", there.zones), ("line", there.lines), ("stream", there.streams)):
            for name in getattr(when, key):
                if name not in names:
                    raise Fault(f"{path} names the {key} {name!r}, and there is none")
