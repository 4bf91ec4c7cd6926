"""Pages as a real browser lays them out, at the width of a phone and of a desk."""

import json
import re
import shutil
import subprocess
from datetime import UTC
from html import unescape
from pathlib import Path

import pytest

from agent.report.page import page
from agent.report.report import Request, build

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LONG = "car park entrance, camera 2 behind the old weighbridge " + "x" * 90
# A frame that measures the page in it: the page itself may run no script.
FRAME = """<!doctype html><body><script>
const pages = %s, out = [];
let left = pages.length;
for (const [name, width] of pages) {
  const frame = document.createElement("iframe");
  frame.style.width = width + "px"; frame.style.height = "900px"; frame.style.border = "0";
  frame.onload = () => {
    const page = frame.contentDocument, tall = page.documentElement;
    const texts = [...page.querySelectorAll("p, li, td, h1, h2, figcaption, .ticks span")];
    out.push({name, width, wide: tall.scrollWidth, high: tall.scrollHeight,
      broken: [...page.images].filter(image => !image.naturalWidth).length, images: page.images.length,
      small: Math.min(...texts.filter(one => one.offsetParent).map(one => parseFloat(frame.contentWindow.getComputedStyle(one).fontSize))),
      styled: frame.contentWindow.getComputedStyle(page.body).margin === "0px"});
    if (--left === 0) { const done = document.createElement("pre"); done.textContent = JSON.stringify(out); document.body.append(done); }
  };
  frame.src = name; document.body.append(frame);
}
</script></body>"""


def measured(folder: Path, names: list[str]) -> list[dict]:
    frame = folder / "frame.html"
    frame.write_text(FRAME % json.dumps([(name, width) for name in names for width in (390, 1200)]), encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--virtual-time-budget=20000",
    ]
    profile = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run(
        [CHROMIUM, *options, profile, "--dump-dom", frame.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    return json.loads(unescape(found[1]))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; on Debian: apt-get install chromium")
def test_pages_fit_a_phone_and_a_desk(yard_of, answered_of, tmp_path):
    scenes = yard_of("a bag was left " + "w" * 120, LONG)
    names = []
    for kind in ("daily", "incident", "traffic", "operations"):
        report = build(
            scenes.store, scenes.media, Request(tz=UTC, kind=kind, title=LONG, answers=(answered_of(scenes),))
        )
        names.append(f"{kind}.html")
        (tmp_path / names[-1]).write_text(page(report), encoding="utf-8")
    found = measured(tmp_path, names)
    assert len(found) == 8
    for one in found:
        assert one["wide"] <= one["width"], one
        assert one["high"] > 900
        assert one["images"] > 0, one
        assert one["broken"] == 0, one
        assert one["small"] >= 11, one
        assert one["styled"], one
