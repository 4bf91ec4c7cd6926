"""Cameras over RTSP from clips: a GStreamer server that can be told to misbehave.

Run by the system's own Python, which has GStreamer's bindings: nothing of ours is imported here. The first line on stdin
is the set-up, every later one a command; every line on stdout is an event; all are JSON. It ends when stdin does.

Set-up: `{"port": 0, "username": "", "password": "", "digest": false, "cameras": [{"path": "/cam", "clips": [FILE, …],
"began_s": 0.0, "once": false, "rtcp": true, "keyed": true}]}`. Clips are MP4 files with H.264 or H.265. A camera plays by
the wall clock whether or not somebody looks, from `began_s` on (seconds of Unix time; the clip is repeated), so who joins
joins at now; `once` waits for the first client, plays the clip once and ends the stream. `keyed`: who joins is sent a
keyframe at once, and all that was built on it since, as by cameras and servers that keep their last group of pictures;
else what comes begins amid a group, and can be decoded from the next keyframe on.

Commands, `{"do": NAME, "path": "/cam", …}`: `drop` (close all connections), `end` (RTCP BYE), `hide` and `show` (404),
`loss` (`share` of RTP packets), `switch` (to clip `number`: same codec in the same session, another one in a new one),
`jump` (timestamps by `seconds`), `clock` (sender reports say the time since 1900 `right` or wrong), `freeze` (`on`: the last
keyframe again and again), `password` (a new one, connections are closed). Each is answered by `{"event": "done"}`.

Written from GStreamer's RTSP server library reference and RFC 2326, 3550, 6184.
"""

import json
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, NamedTuple

import gi  # type: ignore[import-not-found]  # the system's python3-gi; it is in no package index as a wheel

for _name in ("Gst", "GstRtsp", "GstRtspServer"):
    gi.require_version(_name, "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402  # as above; versions are chosen first

ROLE = "viewer"
PAYLOADERS = {"video/x-h264": "rtph264pay", "video/x-h265": "rtph265pay"}
BEHIND_S = 1.0  # nobody is let in while what was due longer ago is still to be sent
BEFORE_S = 20.0  # the longest group of pictures that is sent to who joins in its midst
RTP_WRAP_S = 2**32 / 90_000  # RTP time is the same again after this; GStreamer has no time before zero
_lock = threading.Lock()


def say(event: str, **more: object) -> None:
    """Write one event."""
    with _lock:
        print(json.dumps({"event": event, **more}), flush=True)


class Packet(NamedTuple):
    """One access unit; times in seconds from the clip's begin."""

    due_s: float
    shown_s: float
    key: bool
    buffer: Any


class Tape:
    """A clip's packets in memory."""

    def __init__(self, path: str) -> None:
        self.packets, self.caps = _read(path)
        self.due_s = [packet.due_s for packet in self.packets]
        self.length_s = self.due_s[-1] + (self.due_s[-1] - self.due_s[0]) / max(1, len(self.due_s) - 1)
        self.codec = self.caps.get_structure(0).get_name()

    def last_group(self, before: int) -> int:
        """The index of the keyframe at or before packet `before`."""
        return next(i for i in range(before, -1, -1) if self.packets[i].key)


def _read(path: str) -> tuple[list[Packet], Any]:
    caps = "video/x-h264,stream-format=avc,alignment=au;video/x-h265,stream-format=hvc1,alignment=au"
    line = f'filesrc name=file ! parsebin ! appsink name=out sync=false max-buffers=8 caps="{caps}"'
    pipeline = Gst.parse_launch(line)
    pipeline.get_by_name("file").set_property("location", path)
    out = pipeline.get_by_name("out")
    pipeline.set_state(Gst.State.PLAYING)
    packets, found = [], None
    while (sample := out.emit("try-pull-sample", 10 * Gst.SECOND)) is not None:
        found = found or sample.get_caps()
        packets.append(_packet(sample.get_buffer()))
    pipeline.set_state(Gst.State.NULL)
    if not packets:
        raise SystemExit(f"no H.264 or H.265 in {path!r}")
    first = packets[0].due_s
    return [p._replace(due_s=p.due_s - first, shown_s=p.shown_s - first) for p in packets], found


def _packet(buffer: Any) -> Packet:
    shown = buffer.pts / Gst.SECOND
    due = shown if buffer.dts == Gst.CLOCK_TIME_NONE else buffer.dts / Gst.SECOND
    return Packet(due, shown, not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT), buffer)


class Medium:
    """One running pipeline of a camera, shared by its clients."""

    def __init__(self, media: Any) -> None:
        self.media = media
        self.source = media.get_element().get_by_name("src")
        self.lossy = media.get_element().get_by_name("pay0")
        self.zero: float | None = None

    def begin(self, due_s: float, jump_s: float) -> bool:
        """Whether it takes its first packet now, which is due at `due_s` (monotonic clock).

        A server that was stopped has much to catch up on: who began with that would be sent all that follows as late.
        """
        now_s = time.monotonic()
        if self.zero is not None or self.source.get_state(0)[1] != Gst.State.PLAYING or now_s - due_s > BEHIND_S:
            return False
        self.age()
        self.zero = now_s + jump_s - self.source.get_current_running_time() / Gst.SECOND
        return True

    def age(self) -> None:
        """Let the pipeline have run for some time, so that what was due before it did has a time, too."""
        pipeline = self.media.get_element().get_parent()
        began = pipeline.get_base_time() - round(BEFORE_S * Gst.SECOND)
        pipeline.set_base_time(began)
        pipeline.iterate_recurse().foreach(lambda element: element.set_base_time(began))

    def push(self, packet: Packet, due_s: float, jump_s: float) -> None:
        """Hand on one packet that is due at `due_s`; its time is the pipeline's running time."""
        if self.zero is None:
            return
        buffer = packet.buffer.copy()
        buffer.dts = Gst.CLOCK_TIME_NONE
        at_s = due_s - self.zero + packet.shown_s - packet.due_s + jump_s
        buffer.pts = round((at_s if at_s >= 0 else at_s + RTP_WRAP_S) * Gst.SECOND)
        self.source.emit("push-buffer", buffer)

    def hurry(self) -> None:
        """From now on what is pushed is sent at once, whatever its timestamps say."""
        for kind in ("appsink", "multiudpsink"):
            self.elements(kind, "sync", False)

    def elements(self, kind: str, name: str, value: object) -> None:
        """Set a property of every element of a kind in the pipeline; there are none before it is prepared."""
        pipeline = self.media.get_element().get_parent()
        found = pipeline.iterate_all_by_element_factory_name(kind) if pipeline else None
        while found and (item := found.next())[0] == Gst.IteratorResult.OK:
            item[1].set_property(name, value)


class Camera:
    """A path: a tape that runs by the clock, and the media that are fed from it."""

    def __init__(
        self, server: "Server", path: str, clips: list[str], began_s: float, once: bool, rtcp: bool, keyed: bool
    ) -> None:
        self.server, self.path, self.once, self.rtcp, self.keyed = server, path, once, rtcp, keyed
        self.tapes = [Tape(clip) for clip in clips]
        self.tape, self.lock = self.tapes[0], threading.RLock()
        self.media: list[Medium] = []
        self.loss, self.jump_s, self.right, self.frozen = 0.0, 0.0, True, False
        self.stuck: int | None = None
        self.began = None if once else time.monotonic() - (time.time() - began_s)
        self.mount()
        threading.Thread(target=self.play, daemon=True).start()

    def mount(self) -> None:
        """Serve it under its path, with nothing left of an earlier medium."""
        factory = GstRtspServer.RTSPMediaFactory()
        payload = f"{PAYLOADERS[self.tape.codec]} pt=96 config-interval=-1 ! identity name=pay0"
        factory.set_launch(f"( appsrc name=src is-live=true format=time max-bytes=0 ! {payload} )")
        factory.set_shared(True)
        factory.set_enable_rtcp(self.rtcp)
        permissions = GstRtspServer.RTSPPermissions()
        for right in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role(ROLE, right, True)
            permissions.add_permission_for_role("anonymous", right, not self.server.password)
        factory.set_permissions(permissions)
        factory.connect("media-configure", self.configure)
        self.server.mounts.add_factory(self.path, factory)

    def configure(self, _factory: Any, media: Any) -> None:
        """Feed a new medium from now on."""
        medium = Medium(media)
        medium.source.set_property("caps", self.tape.caps)
        medium.lossy.set_property("drop-probability", self.loss)
        media.connect("prepared", lambda _: self.tell_time(medium))
        media.connect("new-state", lambda _, state: self.begin() if state == Gst.State.PLAYING else None)
        media.connect("unprepared", lambda _: self.leave(medium))
        self.media.append(medium)
        say("joined", path=self.path, at=time.time())

    def leave(self, medium: Medium) -> None:
        """The last client of a medium has gone."""
        if medium in self.media:
            self.media.remove(medium)
            say("left", path=self.path, at=time.time())

    def lose(self, share: float) -> None:
        """Drop a share of the RTP packets."""
        self.loss = share
        for medium in list(self.media):
            medium.lossy.set_property("drop-probability", share)

    def begin(self) -> None:
        """Somebody looks: the tape that waited for this begins."""
        if self.began is None:
            self.began = time.monotonic()
            say("began", path=self.path, at=time.time())

    def tell_time(self, medium: Medium) -> None:
        """Set what sender reports call the time."""
        medium.elements("rtpbin", "ntp-time-source", 0 if self.right else 2)

    def play(self) -> None:
        """Push packets when they are due, for ever (or once)."""
        while self.began is None:  # what a client is told of the stream comes from its first packet
            self.push(self.tape, 0, time.monotonic())
            time.sleep(0.02)
        turn, number = (0, 1) if self.once else self.position()
        while True:
            with self.lock:
                tape, due = self.tape, self.began + turn * self.tape.length_s + self.tape.due_s[number]
            time.sleep(max(0.0, due - time.monotonic()))
            with self.lock:
                if self.tape is not tape:
                    turn, number = 0, 0
                    continue
                self.push(tape, number, due)
            turn, number = self.next(turn, number)
            if self.once and turn:
                say("played", path=self.path, at=time.time())
                return self.end()

    def push(self, tape: Tape, number: int, due: float) -> None:
        """Hand one packet to every medium; while frozen, the last keyframe again, and until the next one."""
        if self.frozen and self.stuck is None:
            self.stuck = tape.last_group(number)
        elif not self.frozen and tape.packets[number].key:
            self.stuck = None
        number = number if self.stuck is None else self.stuck
        for medium in list(self.media):
            first = tape.last_group(number) if self.keyed else number
            if not medium.begin(due, self.jump_s):
                first = number
            for one in range(first, number + 1):
                medium.push(tape.packets[one], due - tape.due_s[number] + tape.due_s[one], self.jump_s)

    def position(self) -> tuple[int, int]:
        """Which turn of the tape, and which packet, is due next."""
        with self.lock:
            tape, (turn, into) = self.tape, divmod(time.monotonic() - (self.began or 0.0), self.tape.length_s)
        number = bisect_left(tape.due_s, into)
        return (int(turn), number) if number < len(tape.packets) else (int(turn) + 1, 0)

    def next(self, turn: int, number: int) -> tuple[int, int]:
        """The packet after that one."""
        return (turn, number + 1) if number + 1 < len(self.tape.packets) else (turn + 1, 0)

    def jump(self, seconds: float) -> None:
        """Timestamps go on that much later, or earlier; what is pushed is sent at once all the same."""
        self.jump_s += seconds
        for medium in list(self.media):
            medium.hurry()

    def end(self) -> None:
        """Say goodbye to every client; who comes afterwards gets a new medium."""
        for medium in list(self.media):
            medium.source.emit("end-of-stream")
        self.media.clear()
        self.mount()

    def switch(self, number: int) -> None:
        """Play another clip from its begin; another codec needs new sessions."""
        with self.lock:
            before, self.tape, self.began = self.tape, self.tapes[number], time.monotonic()
            for medium in list(self.media):
                medium.source.set_property("caps", self.tape.caps)
        if before.codec != self.tape.codec:
            self.media.clear()
            self.mount()
            self.server.drop()


class Server:
    """The RTSP server and its cameras."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self.username, self.password, self.digest = setup["username"], setup["password"], setup["digest"]
        self.certificate = setup["certificate"]
        self.rtsp = GstRtspServer.RTSPServer()
        self.rtsp.set_address("127.0.0.1")
        self.rtsp.set_service(str(setup["port"]))
        self.mounts = self.rtsp.get_mount_points()
        if self.password or self.certificate:
            self.rtsp.set_auth(self.auth())
        self.cameras = {one["path"]: Camera(self, **one) for one in setup["cameras"]}

    def auth(self) -> Any:
        """Who may come in, with what."""
        auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", ROLE)
        if self.certificate:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(self.certificate))
        if not self.password:
            auth.set_default_token(token)
        elif self.digest:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(self.username, self.password, token)
        else:
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(self.username, self.password), token)
        return auth

    def drop(self) -> None:
        """Close every connection."""

        def close(_server: Any, client: Any, _data: object = None) -> Any:
            client.close()
            return GstRtspServer.RTSPFilterResult.REMOVE

        self.rtsp.client_filter(close)

    def do(self, command: dict[str, Any]) -> None:
        """Carry out one command."""
        camera = self.cameras.get(command.get("path", ""))
        steps: dict[str, Callable[[], object]] = {
            "drop": self.drop,
            "password": lambda: self.change(command["password"]),
        }
        if camera is not None:
            steps |= {
                "end": camera.end,
                "hide": lambda: self.mounts.remove_factory(camera.path),
                "show": camera.mount,
                "loss": lambda: camera.lose(command["share"]),
                "switch": lambda: camera.switch(command["number"]),
                "jump": lambda: camera.jump(command["seconds"]),
                "clock": lambda: self.clock(camera, command["right"]),
                "freeze": lambda: setattr(camera, "frozen", command["on"]),
            }
        steps[command["do"]]()
        say("done", do=command["do"], at=time.time())

    def clock(self, camera: Camera, right: bool) -> None:
        """Set the camera's clock."""
        camera.right = right
        for medium in camera.media:
            camera.tell_time(medium)

    def change(self, password: str) -> None:
        """Take another password from now on."""
        self.password = password
        self.rtsp.set_auth(self.auth())
        self.drop()


def listen(server: Server, loop: Any) -> None:
    """Do what stdin says, in the main loop's thread, until it ends."""
    for line in sys.stdin:
        GLib.idle_add(server.do, json.loads(line))
    loop.quit()


def main() -> None:
    """Serve until stdin ends."""
    Gst.init(None)
    server = Server(json.loads(sys.stdin.readline()))
    loop = GLib.MainLoop()
    if not server.rtsp.attach(None):
        raise SystemExit("the port is taken")
    say("ready", port=server.rtsp.get_bound_port())
    threading.Thread(target=listen, args=(server, loop), daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
