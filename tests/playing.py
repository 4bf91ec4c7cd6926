"""Whether a real browser plays a video: a page that loads it, seeks and looks at a picture of it."""

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGE = """<!doctype html><body><script>
const until = (video, name) => new Promise((good, bad) => {
  video.addEventListener(name, good, {once: true});
  video.addEventListener("error", () => bad(new Error(video.error.message)), {once: true}); });
async function played(name) {
  const video = document.createElement("video"), out = {};
  video.muted = true; video.preload = "auto"; document.body.append(video);
  try {
    const ready = until(video, "canplaythrough");
    video.src = URL.createObjectURL(await (await fetch(name)).blob());
    await ready;
    out.duration = video.duration; out.state = video.readyState; out.size = [video.videoWidth, video.videoHeight];
    const canvas = document.createElement("canvas"); canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    const pen = canvas.getContext("2d"); out.rows = [];
    for (const share of [0, 0.5]) {
      const sought = until(video, "seeked"); video.currentTime = share * video.duration + 0.001; await sought;
      pen.drawImage(video, 0, 0);
      const row = pen.getImageData(0, Math.floor(canvas.height / 3), canvas.width, 1).data;
      out.rows.push([...row].filter((_, i) => i % 4 === 0));
    }
  } catch (error) { out.error = String(error); }
  video.remove();
  return out;
}
(async () => { const out = [];
  for (const name of NAMES) out.push(await played(name));
  await fetch("/done", {method: "POST", body: JSON.stringify(out)}); })();
</script></body>"""


def played(files: list[Path], profile: Path, timeout_s: float = 60) -> list[dict]:
    """Of each file: duration, readyState, size, and a row of red values of the picture at 0 and at the middle."""
    done, answers = threading.Event(), []
    page = PAGE.replace("NAMES", json.dumps([f"/{number}" for number in range(len(files))])).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            known = name.isdecimal() and int(name) < len(files)
            self.answer(200 if known or not name else 404, files[int(name)].read_bytes() if known else page)

        def do_POST(self) -> None:
            answers.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(200, b"")
            done.set()

        def answer(self, code: int, data: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", "text/html" if data is page else "video/mp4")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    where = [f"--user-data-dir={profile}", "--remote-debugging-port=0", f"http://127.0.0.1:{server.server_port}/"]
    browser = subprocess.Popen([CHROMIUM, *options, *where], start_new_session=True, **quiet)
    try:
        assert done.wait(timeout_s), "the browser gave no answer"
    finally:
        browser.terminate()
        browser.wait(20)
        server.shutdown()
        thread.join()
        server.server_close()
    return answers
