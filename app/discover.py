"""`vidette discover`: cameras of this network that speak ONVIF, as a table or as `streams:` for vidette.yml."""

import os
from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING

import click

from app.options import json_option
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from ingest.onvif.cameras import Channel, Offer, OnvifCamera

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]{0,99}"


@click.command()
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.2, 60),
    default=3.0,
    show_default=True,
    metavar="S",
    help="Listen for cameras so long, and wait for each answer of one as long.",
)
@click.option("--username", default="", help="Name to log in with.")
@click.option("--password-env", default="", metavar="NAME", help="Environment variable that holds the password.")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print `streams:` for vidette.yml.")
@json_option
def discover(timeout_s: float, username: str, password_env: str, as_yaml: bool, as_json: bool) -> int:
    """Find cameras of this network by ONVIF, and ask each for its streams.

    The name and a digest of the password are shown to every camera that answers. Needs `pip install 'vidette[onvif]'`.

    \b
    vidette discover --username viewer --password-env CAMERA_PASSWORD --yaml > vidette.yml
    """
    from ingest.onvif.cameras import found

    password = _password(username, password_env)
    cameras = sorted(found(timeout_s, username, password, answer_s=timeout_s), key=lambda one: (one.host, one.name))
    if as_json:
        _print_json(cameras)
    elif as_yaml:
        click.echo(streams_yaml(cameras, username, password_env), nl=False)
    else:
        _print_table(cameras)
    _print_refused(cameras, username)
    return int(any(one.refused for one in cameras))


def _password(username: str, variable: str) -> str:
    """The password. Raises ConfigError."""
    import re

    if not variable:
        return ""
    if not username:
        raise ConfigError("--password-env needs --username; give both or neither")
    if not re.fullmatch(_VARIABLE, variable):
        raise ConfigError(f"--password-env {variable[:40]!r} is no name of a variable; give its name, not the password")
    if variable not in os.environ:
        raise ConfigError(f"--password-env: {variable} is not set in the environment; set it")
    return os.environ[variable]


def _print_table(cameras: "Sequence[OnvifCamera]") -> None:
    from app.tables import many, show

    rows = [row for camera in cameras for row in _rows(camera)]
    title = many(sum(bool(one.channels) for one in cameras), "camera")
    nobody = "no camera answered; they have to be in this network, with ONVIF switched on; --timeout 10 listens longer"
    if rows or not cameras:
        show(title, ("*camera", "host", "stream", ">size", "codec", "*address"), rows, nobody)


def _rows(camera: "OnvifCamera") -> Iterator[tuple[str, ...]]:
    for channel in camera.channels:
        yield camera.name, camera.host, "main", *_cells(channel.main)
        if channel.sub is not None:
            yield "", "", "sub", *_cells(channel.sub)


def _cells(offer: "Offer") -> tuple[str, str, str]:
    return f"{offer.width}x{offer.height}", offer.codec, offer.url


def _print_json(cameras: "Sequence[OnvifCamera]") -> None:
    from vidette.codec import line, row

    for camera in cameras:
        click.echo(line({name: value for name, value in row(camera).items() if value}))


def _print_refused(cameras: "Sequence[OnvifCamera]", username: str) -> None:
    from vidette.log import redact
    from vidette.text import plain

    for one in cameras:
        if one.refused:
            advice = "" if username else "; give --username and --password-env" if "password" in one.refused else ""
            click.echo(
                redact(plain(f"not taken: {one.host} {one.name}".rstrip() + f": {one.refused}{advice}")), err=True
            )


def streams_yaml(cameras: "Sequence[OnvifCamera]", username: str, password_env: str) -> str:
    """The `streams` of vidette.yml: every picture of every camera under a name of its own, passwords by their variable."""
    from vidette.yaml_tree import dump, escaped

    login = {"username": escaped(username)} if username else {}
    login |= {"password": f"${{{password_env}}}"} if password_env else {}
    names = _names(cameras)
    streams = [
        {"name": escaped(next(names)), **{key: escaped(url) for key, url in _urls(channel)}, **login}
        for camera in cameras
        for channel in camera.channels
    ]
    return dump({"streams": streams}, width=1000)


def _urls(channel: "Channel") -> Iterator[tuple[str, str]]:
    yield "source", channel.main.url
    if channel.sub is not None:
        yield "sub", channel.sub.url


def _names(cameras: "Sequence[OnvifCamera]") -> Iterator[str]:
    """A name for each channel: the camera's own, told apart by address and number where need be."""
    called = [one.name or one.host for one in cameras]
    given: set[str] = set()
    for camera, name in zip(cameras, called, strict=True):
        base = name if called.count(name) == 1 else f"{name} {camera.host}"
        for number in range(len(camera.channels)):
            wanted = base if len(camera.channels) == 1 else f"{base} {number + 1}"
            tries = chain([wanted], (f"{wanted} ({again})" for again in count(2)))
            given.add(free := next(one for one in tries if one not in given))
            yield free
