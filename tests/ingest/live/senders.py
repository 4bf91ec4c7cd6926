"""Senders of live pictures other than RTSP: ffmpeg, and HTTP servers that behave as they are told."""

import ssl
import subprocess
import threading
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

BOUNDARY = "frame"


@contextmanager
def ffmpeg(*arguments):
    """A sender that ends with the test."""
    line = ["ffmpeg", "-hide_banner", "-loglevel", "quiet", "-nostdin", *map(str, arguments)]
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Quiet(BaseHTTPRequestHandler):
    """A handler that logs nothing; `ask` is called for each request."""

    def log_message(self, *_):
        pass


@contextmanager
def serving(handler, certificate=None):
    """An HTTP server on this machine, an HTTPS one with a file of certificate and key; -> its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def jpeg(number, size=(160, 120)):
    """A picture, encoded."""
    pixels = np.full((size[1], size[0], 3), number % 256, np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def mjpeg(pictures, pace=None, status=200):
    """A handler that sends so many pictures, waiting for `pace` (an Event, or None) before each, then hangs up."""

    class Handler(Quiet):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={BOUNDARY}")
            self.end_headers()
            try:
                for number in range(pictures):
                    if pace is not None:
                        pace.wait()
                    data = jpeg(number)
                    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                    self.wfile.write(head.encode() + data + b"\r\n")
            except OSError:  # the reader has gone
                self.close_connection = True

    return Handler


@contextmanager
def folder(path):
    """A folder over HTTP; -> its address."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(path))

        def log_message(self, *_):
            pass

    with ExitStack() as stack:
        yield stack.enter_context(serving(Handler))
