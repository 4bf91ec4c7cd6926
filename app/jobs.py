"""`vidette jobs list|replay|drop`: jobs of workers that were given up."""

from typing import TYPE_CHECKING, Any

import click

from app.options import config_option, json_option, limit_option
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vidette.settings import Settings
    from workers.shared.dead import Dead, DeadJob

_ids = click.argument("ids", nargs=-1, metavar="[JOB…]")
_all = click.option("--all", "everything", is_flag=True, help="All of them.")


@click.group()
def jobs() -> None:
    """Jobs that workers gave up: list, do again, drop."""


@jobs.command("list")
@config_option
@limit_option
@json_option
def list_(config: str | None, limit: int, as_json: bool) -> None:
    """Jobs that were given up, the newest first, and why."""
    settings, dead = _opened(config)
    from workers.shared.registry import Registry

    names = {one.stream_id: one.name for one in Registry(dead.broker).all()}
    rows = dead.rows(limit)
    if as_json:
        from vidette.codec import line

        for row in rows:
            click.echo(line(_row(row, names)))
    else:
        _table(rows, names, settings)
    if lost := dead.lost():
        click.echo(f"{lost} more had to go: there was no room for them", err=True)


@jobs.command()
@_ids
@_all
@config_option
def replay(ids: tuple[str, ...], everything: bool, config: str | None) -> int:
    """Send jobs to workers again, as if for the first time.

    Name jobs by their ids, or the first characters of them, or give --all. A watch that was given up is wanted again.
    One that this version cannot read stays; the exit code is then 1.
    """
    from app.tables import many

    settings, dead = _opened(config)
    send = _Sender(settings, dead)
    count = sum(dead.replay(send, one) for one in _named(ids, everything))
    click.echo(f"{many(count, 'job')} sent again")
    for said in send.unread:
        click.echo(said, err=True)
    return int(bool(send.unread))


@jobs.command()
@_ids
@_all
@config_option
def drop(ids: tuple[str, ...], everything: bool, config: str | None) -> None:
    """Forget jobs. What they were to do is not done; what memory still lacks of it, it asks for again."""
    from app.tables import many

    _, dead = _opened(config)
    count = sum(dead.drop(one) for one in _named(ids, everything))
    click.echo(f"{many(count, 'job')} dropped")


class _Sender:
    """Sends dead jobs; `unread` says of each that cannot be why."""

    def __init__(self, settings: "Settings", dead: "Dead") -> None:
        from workers.queue.sending import Sending
        from workers.shared.registry import Registry

        self.unread: list[str] = []
        self._sending, self._registry = Sending(settings, dead.broker), Registry(dead.broker)

    def __call__(self, one: "DeadJob") -> bool:
        """Whether it was sent."""
        from vidette.errors import StoreError
        from workers.jobs import Watch, decode

        try:
            job = decode(one.text)
        except StoreError as error:
            self.unread.append(f"job {one.id} stays: {error}")
            return False
        if isinstance(job, Watch):
            self._registry.want(job)
        self._sending(job)
        return True


def _opened(config: str | None) -> "tuple[Settings, Dead]":
    from app.memory import settings_of
    from workers.shared.process import broker_of

    settings = settings_of(None, config)
    broker = broker_of(settings)
    from workers.shared.dead import Dead

    return settings, Dead(broker)


def _named(ids: tuple[str, ...], everything: bool) -> tuple[str | None, ...]:
    """Which: None is all of them. Raises ConfigError."""
    if bool(ids) == everything:
        raise ConfigError("give the ids of jobs, or --all; `vidette jobs list` gives ids")
    return ids or (None,)


def _row(row: "DeadJob", names: "Mapping[str, str]") -> dict[str, Any]:
    """`{id,queue,what,error,tries,at,message}`; `message` is what would be sent."""
    return {
        "id": row.id,
        "queue": row.queue,
        "what": _what(row, names),
        "error": row.error,
        "tries": row.tries,
        "at": row.at,
        "message": row.text,
    }


def _table(rows: "list[DeadJob]", names: "Mapping[str, str]", settings: "Settings") -> None:
    from app.options import zone
    from app.tables import date_and_time, many, short, show

    tz = zone(settings)
    cells = (
        (*date_and_time(row.at, tz), row.queue, _what(row, names), str(row.tries), row.error, short(row.id))
        for row in rows
    )
    columns = ("=date", "given up", "=queue", "*what", ">tries", "*error", "id")
    show(many(len(rows), "dead job"), columns, cells, "no dead jobs: workers gave nothing up")


def _what(row: "DeadJob", names: "Mapping[str, str]") -> str:
    """What it was to do, in a few words."""
    from app.tables import short
    from vidette.errors import StoreError
    from workers.jobs import Decode, Deliver, LookAt, Settle, Watch
    from workers.jobs import decode as job_of

    def of(stream_id: str, start_s: float, end_s: float) -> str:
        return f"{start_s:.0f}-{end_s:.0f} s of {names.get(stream_id, short(stream_id))}"

    try:
        job = job_of(row.text)
    except StoreError:
        return "(this version cannot read it)"
    match job:
        case Watch(spec=spec):
            return f"watch {spec.name}"
        case Decode(spec=spec, start_s=start_s, end_s=end_s):
            return f"decode {start_s:.0f}-{end_s:.0f} s of {spec.name}"
        case Settle(observation=one):
            return f"settle the {one.look} look at {of(one.stream_id, one.start_s, one.end_s)}"
        case LookAt(segment=one):
            return f"look at {of(one.stream_id, one.start_s, one.end_s)}"
        case Deliver(sink=sink):
            return f"deliver to {sink}"
