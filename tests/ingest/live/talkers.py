"""A camera that answers so many questions (RFC 2326), and then breaks off."""

import socket
import struct
import threading
from contextlib import contextmanager, suppress

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\n"
    b"a=rtpmap:96 H264/90000\r\na=control:stream=0\r\n"
)
SAID = {
    b"OPTIONS": b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n",
    b"DESCRIBE": b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(SDP) + SDP,
    b"SETUP": b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n",
    b"PLAY": b"Session: 1\r\n\r\n",
}


def asked(connection):
    """The next question and its answer; both empty where none comes."""
    said = b""
    while b"\r\n\r\n" not in said:
        piece = connection.recv(4096)
        if not piece:
            return b"", b""
        said += piece
    number = next(line for line in said.split(b"\r\n") if line.lower().startswith(b"cseq:"))
    what = said.split(b" ")[0]
    return what, b"RTSP/1.0 200 OK\r\n" + number + b"\r\n" + SAID.get(what, b"\r\n")


def hang_up(connection):
    """Say goodbye properly."""
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection):
    """Vanish."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ask_and_hang_up(connection):
    """Hear the next question, too, and then hang up."""
    asked(connection)


def half_an_answer(connection):
    """Stop in the midst of the next answer."""
    answer = asked(connection)[1]
    connection.sendall(answer[: len(answer) // 2])


def nonsense(connection):
    """Answer in another language."""
    asked(connection)
    connection.sendall(b"220 mail.example ready\r\n" * 20)


WAYS = (hang_up, reset, ask_and_hang_up, half_an_answer, nonsense)


@contextmanager
def talking(answers, then):
    """-> the address of a camera that gives so many answers to each who comes, and `then` does that."""

    def talk(connection):
        with connection, suppress(OSError):
            for _ in range(answers):
                connection.sendall(asked(connection)[1])
            then(connection)

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"rtsp://127.0.0.1:{listening.getsockname()[1]}/cam"
        listening.shutdown(socket.SHUT_RDWR)  # wakes `accept`
        thread.join()
