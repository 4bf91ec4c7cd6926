"""A back-test as one HTML file: pictures inline, no scripts, nothing fetched, everything escaped."""

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from app.backtesting import Found, judged
from app.tables import clock, many
from vidette.text import plain

if TYPE_CHECKING:
    from rules.backtest_alerts import Firing
    from rules.backtest_score import Result
    from vidette.ports import MediaStore

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h2{margin:2.5rem 0 .2rem}.soft{color:#555;margin:.2rem 0}
.days{display:flex;align-items:flex-end;gap:2px;height:120px;margin:1rem 0;border-bottom:1px solid #999}
.days i{flex:1;background:#2563a8;min-width:2px}
ul{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem}
li{border:1px solid #ccc;border-radius:4px;padding:.6rem}img{max-width:100%;display:block;margin-bottom:.4rem}
@media (prefers-color-scheme:dark){body{color:#eee;background:#161616}.soft{color:#aaa}li{border-color:#444}}
"""
_PICTURES = 60
_LARGEST = 400_000  # bytes of one picture that is put into the page


def page(found: Found, media: "MediaStore") -> str:
    """The page."""
    title = f"Back-test over {many(found.streams, 'stream')}"
    window = f"{clock(found.since, found.tz)} to {clock(found.until, found.tz)} {found.tz}"
    sections = "\n".join(
        _section(reading, result, found, media) for reading, result in zip(found.readings, found.results, strict=True)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style></head>\n<body><main><h1>{_text(title)}</h1>"
        f"<p class=soft>{_text(window)}. Nothing was written, nobody was told.</p>\n{sections}\n</main></body></html>\n"
    )


def _section(reading: str, result: "Result", found: Found, media: "MediaStore") -> str:
    said = f"would have fired {many(result.fired, 'time')}, {many(result.told, 'message')}"
    scores = "".join(f"<p class=soft>{_text(line)}</p>" for line in judged(result.score))
    cards = "".join(_card(one, number, found, media) for number, one in enumerate(result.firings))
    return (
        f"<section><h2>{_text(result.rule)}: {said}</h2><p class=soft>{_text(reading)}</p>{scores}"
        f"{''.join(_days(result))}<ul>{cards}</ul></section>"
    )


def _days(result: "Result") -> Iterator[str]:
    """A bar a day."""
    most = max(result.days.values(), default=0)
    if most == 0:
        return
    yield '<div class=days role="img" aria-label="alerts a day">'
    for day, count in result.days.items():
        yield f'<i style="height:{100 * count / most:.1f}%" title="{day}: {count}"></i>'
    yield "</div>"


def _card(one: "Firing", number: int, found: Found, media: "MediaStore") -> str:
    alert = one.alert
    shown = _picture(one, media) if number < _PICTURES else ""
    told = "" if one.told else ", not told"
    where = ", ".join(alert.streams)
    return (
        f"<li>{shown}{_text(alert.text)}<p class=soft>{_text(f'{clock(alert.at, found.tz)}, {where}{told}')}</p></li>"
    )


def _picture(one: "Firing", media: "MediaStore") -> str:
    from vidette.errors import StoreError

    for evidence in one.alert.evidence:
        if evidence.kind == "clip" or not evidence.uri.endswith(".jpg"):
            continue
        try:
            data = media.get(evidence.sha256)
        except StoreError:
            return ""
        if len(data) <= _LARGEST:
            return f'<img alt="" src="data:image/jpeg;base64,{b64encode(data).decode()}">'
    return ""


def _text(value: str) -> str:
    return escape(plain(value))
