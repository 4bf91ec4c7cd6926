"""`vidette receive`: a reference receiver of webhooks."""

from typing import TYPE_CHECKING, Any

import click

from app.options import json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.inbox import Message
    from app.receiver import Receiver

_TICK_S = 0.2


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8787, show_default=True, help="Port; 0: a free one.")
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    envvar="VIDETTE_RECEIVE_SECRET",
    metavar="SECRET",
    help="Signing secret, `whsec_…` (repeatable); better in the environment's VIDETTE_RECEIVE_SECRET, which no process list shows.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False), help="File to keep messages in (JSON lines); restarts know them."
)
@click.option(
    "--hold",
    "hold_s",
    type=click.FloatRange(0, 3600),
    default=10.0,
    show_default=True,
    help="Seconds that a message waits for an earlier one about the same alert.",
)
@click.option(
    "--fail", default="", metavar="N|SHARE|CODES", help="Fail on purpose: 3 (the first), 0.25, or 500,hang,503,410."
)
@click.option("--retry-after", default="", metavar="S", help="Retry-After of answers 429 and 503.")
@click.option(
    "--delay", "delay_s", type=click.FloatRange(0, 3600), default=0.0, metavar="S", help="Seconds before each answer."
)
@json_option
def receive(secrets: tuple[str, ...], **given: Any) -> None:
    """Receive webhooks until Ctrl-C: verify, keep, print each message once and in order.

    \b
    export VIDETTE_RECEIVE_SECRET="whsec_$(openssl rand -base64 32)"
    vidette receive --out received.jsonl
    """
    from vidette.errors import ConfigError

    if not secrets:
        raise ConfigError("no secret to verify with; give --secret or set VIDETTE_RECEIVE_SECRET")
    if given["retry_after"] and not given["retry_after"].isprintable():
        raise ConfigError("--retry-after is a number of seconds, or a date")
    _serve(_receiver(secrets, given))


def _receiver(secrets: tuple[str, ...], given: dict[str, Any]) -> "Receiver":
    """The server that was asked for, listening. Raises ConfigError."""
    from datetime import UTC, datetime
    from pathlib import Path

    from app.inbox import Inbox
    from app.receiver import Receiver, failures
    from rules.signing import key_of
    from vidette.errors import ConfigError

    keys, plan = [key_of(secret) for secret in secrets], failures(given["fail"])
    inbox = Inbox(Path(given["out"]) if given["out"] else None, given["hold_s"], datetime.now(UTC))
    try:
        return Receiver(
            (given["host"], given["port"]),
            keys,
            inbox,
            tell=_teller(as_json=given["as_json"]),
            refuse=_refused,
            fail=plan,
            delay_s=given["delay_s"],
            retry_after=given["retry_after"],
        )
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {given['host']}:{given['port']}: {error.strerror}; choose another --host or --port"
        ) from error


def _serve(server: "Receiver") -> None:
    """Until a signal, then to the end of what is under way."""
    import threading

    from app.stopping import stop_on_signals

    host, port = server.server_address[:2]
    with stop_on_signals() as stop, server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": _TICK_S})
        thread.start()
        click.echo(f"listening on http://{host!s}:{port}/", err=True)
        while not stop.wait(_TICK_S):
            server.tell_overdue()
        server.stopping.set()
        server.shutdown()
        thread.join()


def _teller(*, as_json: bool) -> "Callable[[Message], None]":
    import json

    from vidette.text import plain

    def tell(message: "Message") -> None:
        if as_json:
            text = json.dumps({"id": message.id, **message.payload}, ensure_ascii=False)
            click.echo(text.encode("utf-8", "replace"))
        else:
            click.echo(plain(_line(message)))

    return tell


def _line(message: "Message") -> str:
    """`12:00:05 HIGH raised “bag left” … (bag-left, alert 1a2b3c4d, message 1)`."""
    alert = message.alert
    gap = f", {message.missing} before it missing" if message.missing else ""
    said = " ".join(str(alert.get(key, "")) for key in ("change", "text"))[:600]
    about = f"{alert.get('rule', '')}, alert {message.key[:8]}, message {message.sequence}{gap}"
    return f"{message.at.astimezone():%H:%M:%S} {str(alert.get('severity', '')).upper()} {said} ({about})"


def _refused(text: str) -> None:
    from vidette.log import redact
    from vidette.text import plain

    click.echo(redact(plain(text[:300])), err=True)
