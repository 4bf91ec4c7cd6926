"""A camera that speaks WS-Discovery and ONVIF on loopback, over real sockets; it can be told to lie."""

import base64
import hashlib
import re
import socket
import ssl
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

GROUP = "239.255.255.250"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error">'
)
NOT_AUTHORIZED = (
    "<s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode>"
    '</s:Code><s:Reason><s:Text xml:lang="en">Sender not Authorized</s:Text></s:Reason></s:Fault></s:Body>'
)
PROFILES = (("big", "one", "H264", 2560, 1440), ("small", "one", "H264", 640, 360), ("snap", "one", "JPEG", 1920, 1080))


@dataclass
class Responder:
    """What the camera says; `None` in `answers` means the honest answer."""

    username: str = "viewer"
    password: str = "hunter2"
    name: str = "Front%20Door"
    ahead: timedelta = timedelta(hours=-5)
    profiles: tuple = PROFILES
    probe: bytes | None = None  # a format of {id}, {port}
    xaddrs: str = "http://127.0.0.1:{port}/onvif/device_service"
    media: str = "http://127.0.0.1:{port}/onvif/media"
    uri: str = "rtsp://127.0.0.1:8554/{token}"
    answers: dict = field(default_factory=dict)
    secure: bool = False  # speaks TLS, with a certificate that nobody signed
    digest: bool = False  # asks for HTTP digest instead of a token
    asked: list = field(default_factory=list)
    port: int = 0
    discovery_port: int = 0

    def body(self, question: str, request: str) -> str:
        """The honest answer."""
        if question == "GetSystemDateAndTime":
            at = datetime.now(UTC) + self.ahead
            clock = f"<tt:Time><tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute><tt:Second>{at.second}</tt:Second></tt:Time>"
            date = f"<tt:Date><tt:Year>{at.year}</tt:Year><tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date>"
            return (
                "<s:Body><tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
                f"<tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime>{clock}{date}</tt:UTCDateTime>"
                "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse></s:Body>"
            )
        if not self.allowed(request):
            return NOT_AUTHORIZED
        if question == "GetCapabilities":
            address = self.media.format(port=self.port)
            streaming = "<tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast></tt:StreamingCapabilities>"
            return (
                "<s:Body><tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media>"
                f"<tt:XAddr>{address}</tt:XAddr>{streaming}</tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse></s:Body>"
            )
        if question == "GetProfiles":
            return f"<s:Body><trt:GetProfilesResponse>{''.join(map(profile, self.profiles))}</trt:GetProfilesResponse></s:Body>"
        token = re.search(r"ProfileToken>([^<]*)<", request)[1]
        uri = self.uri.format(token=token)
        return (
            f"<s:Body><trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false"
            "</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>"
            "</trt:MediaUri></trt:GetStreamUriResponse></s:Body>"
        )

    def allowed(self, request: str) -> bool:
        """Whether the token of a request is the digest of the password by this camera's clock."""
        if not self.username or self.digest:
            return True
        found = [
            re.search(rf":{name}\b[^>]*>([^<]*)<", request) for name in ("Username", "Password", "Nonce", "Created")
        ]
        if not all(found):
            return False
        username, digest, nonce, created = (one[1] for one in found)
        at = datetime.fromisoformat(created)
        right = hashlib.sha1(base64.b64decode(nonce) + created.encode() + self.password.encode()).digest()
        late = abs(datetime.now(UTC) + self.ahead - at)
        return (username, base64.b64decode(digest)) == (self.username, right) and late < timedelta(minutes=1)


def profile(said):
    """A profile's XML."""
    token, source, codec, width, height = said
    return (
        f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name><tt:VideoSourceConfiguration token="vs">'
        f"<tt:Name>vs</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>{source}</tt:SourceToken>"
        '<tt:Bounds x="0" y="0" width="1" height="1"/></tt:VideoSourceConfiguration>'
        '<tt:VideoEncoderConfiguration token="ve"><tt:Name>ve</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:Encoding>{codec}</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
        "</tt:Resolution><tt:Quality>5</tt:Quality></tt:VideoEncoderConfiguration></trt:Profiles>"
    )


class _Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        camera = self.server.camera
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        question = re.search(r"Body>\s*<(?:\w+:)?(\w+)", request)[1]
        camera.asked.append((question, request, dict(self.headers)))
        if (
            camera.digest
            and question != "GetSystemDateAndTime"
            and "Digest" not in self.headers.get("Authorization", "")
        ):
            self._send(401, b"", {"WWW-Authenticate": 'Digest realm="camera", nonce="abc", qop="auth"'})
            return
        answer = camera.answers.get(question)
        if callable(answer):
            answer(self)
            return
        if answer is None:
            answer = (ENVELOPE + camera.body(question, request) + "</s:Envelope>").encode()
        self._send(200, answer, {"Content-Type": "application/soap+xml; charset=utf-8"})

    def _send(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.camera.asked.append(("GET", self.path, dict(self.headers)))
        self._send(200, b"", {})

    def log_message(self, *_):
        pass


def _discovery():
    """A socket that hears the group on loopback, on a port of its own."""
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("", 0))
    ear.setsockopt(
        socket.IPPROTO_IP,
        socket.IP_ADD_MEMBERSHIP,
        struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1")),
    )
    ear.settimeout(0.1)
    return ear


def _answer(camera, ear, over):
    heard = set()
    while not over.is_set():
        try:
            data, sender = ear.recvfrom(65_535)
        except TimeoutError:
            continue
        asked = re.search(rb"MessageID>([^<]*)<", data)[1].decode()
        if asked not in heard:  # the question is said twice
            heard.add(asked)
            for datagram in said(camera, asked):
                ear.sendto(datagram, sender)


def said(camera, asked):
    """The datagrams of an answer."""
    if camera.probe is not None:
        yield camera.probe.replace(b"{id}", asked.encode()).replace(b"{port}", str(camera.port).encode())
        return
    addresses = camera.xaddrs.format(port=camera.port)
    match = (
        "<d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference>"
        "<d:Types>dn:NetworkVideoTransmitter</d:Types>"
        f"<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/{camera.name}</d:Scopes>"
        f"<d:XAddrs>{addresses}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch>"
    )
    head = f"<s:Header><a:MessageID>urn:uuid:2</a:MessageID><a:RelatesTo>{asked}</a:RelatesTo></s:Header>"
    yield f"{ENVELOPE}{head}<s:Body><d:ProbeMatches>{match}</d:ProbeMatches></s:Body></s:Envelope>".encode()


@contextmanager
def responding(camera):
    """The camera is there."""
    http, ear, over = ThreadingHTTPServer(("127.0.0.1", 0), _Http), _discovery(), Event()
    if camera.secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
        http.socket = context.wrap_socket(http.socket, server_side=True)
    http.camera, http.daemon_threads, http.block_on_close = camera, True, False
    camera.port, camera.discovery_port = http.server_address[1], ear.getsockname()[1]
    threads = [Thread(target=http.serve_forever, args=(0.05,)), Thread(target=_answer, args=(camera, ear, over))]
    for thread in threads:
        thread.start()
    try:
        yield camera
    finally:
        over.set()
        http.shutdown()
        for thread in threads:
            thread.join()
        http.server_close()
        ear.close()
