"""Assertions as nodes: roles and evidence are JSON in them, since what follows from those moves with their assertion."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from graph.assertions import rest_of
from graph.cypher.driver import Row
from graph.rows import times
from vidette import codec
from vidette.models import Assertion, EventType, Evidence, Look, Role, State

SAYING = "a{.id, .seq, .look, .free, .caption, .roles_json}"
"""What a `Saying` is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What matters of an assertion to the event that it says; `free`: it may support another one day."""

    id: str
    seq: int
    look: Look
    free: bool
    caption: str
    roles: tuple[Role, ...]


def saying_of(node: Row) -> Saying:
    """The part of an assertion in a node that `SAYING` gives."""
    named = {name: node[name] for name in ("id", "seq", "look", "free", "caption")}
    return Saying(**named, roles=roles_of(node))


def waiting(stream_id: str, type_: str) -> str:
    """What free assertions of a type are found by: they are few, and all others have no such property."""
    return f"{stream_id}|{type_}"


def node_of(said: Assertion, start_ms: int, *, run_id: str, of: str | None) -> Row:
    """An assertion as a node, but for its place among others; its stream began at `start_ms`, `of` is the event it names."""
    return {
        "id": said.id,
        "stream_id": said.stream_id,
        "run_id": run_id,
        "look": said.look,
        "type": str(said.type),
        "of": of,
        "free": of is None,
        "waits": waiting(said.stream_id, said.type) if of is None else None,
        **times(start_ms, said.start_s, said.end_s),
        "confidence": said.confidence,
        "caption": said.caption,
        "segment_id": said.segment_id,
        "rest_json": rest_of(said),
        "roles_json": codec.encode(said.roles).decode(),
        "evidence_json": codec.encode(said.evidence).decode(),
        "shown": [shown.sha256 for shown in said.evidence],
    }


def assertion_of(node: Row) -> Assertion:
    """The assertion in a node, as it was said; times are to the millisecond."""
    rest = json.loads(node["rest_json"])
    return Assertion(
        id=node["id"],
        stream_id=node["stream_id"],
        look=node["look"],
        run_id=node["run_id"],
        type=EventType(node["type"]),
        start_s=node["start_pts"],
        end_s=node.get("end_pts"),
        confidence=node["confidence"],
        caption=node["caption"],
        of=node.get("of"),
        state=State(rest.get("state") or State.CLOSED),
        box=tuple(rest["box"]) if rest.get("box") else None,
        zone=rest.get("zone"),
        line=rest.get("line"),
        segment_id=node.get("segment_id"),
        roles=roles_of(node),
        evidence=evidence_of(node),
        attributes=rest.get("attributes") or {},
    )


def roles_of(node: Row) -> tuple[Role, ...]:
    """The roles in an assertion."""
    return codec.decode(tuple[Role, ...], node["roles_json"])


def evidence_of(node: Row) -> tuple[Evidence, ...]:
    """The pictures that an assertion names."""
    return codec.decode(tuple[Evidence, ...], node["evidence_json"])


def subjects_of(said: Iterable[Saying]) -> frozenset[str]:
    """Tracks of an event's own assertions; what supports it has no say, or order would matter."""
    return frozenset(role.track_id for one in said if not one.free for role in one.roles if role.track_id)
