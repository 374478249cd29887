"""A scripted server that speaks WebSocket: the bytes are its own, so that they can be wrong."""

from binascii import b2a_base64
from hashlib import sha1

from mqtt.client import ONLINE
from mqtt.websocket import WebSocket
from scripted import Broker, attempt
from support import ACCEPTED

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN = 0x80


def frame(payload=b"", opcode=BINARY, fin=True, bits=0, length=None, mask=False):
    """A server's frame [RFC 6455, 5.2], in hexadecimal where length is given: the bytes that tell it."""
    first = bytes([(FIN if fin else 0) | bits | opcode])
    n = len(payload)
    if length is not None:
        told = bytes.fromhex(length)
    elif n < 126:
        told = bytes([n])
    elif n < 65536:
        told = bytes([126, n >> 8, n & 255])
    else:
        told = bytes([127]) + n.to_bytes(8, "big")
    if mask:
        told = bytes([told[0] | 0x80]) + told[1:] + b"\0\0\0\0"
    return first + told + payload


def closing(code, text=b""):
    return frame(bytes([code >> 8, code & 255]) + text, CLOSE)


class WebServer(Broker):
    """A scripted broker behind a WebSocket: what the client sends is taken out of its frames, which are kept in
    `frames`, as (first byte, payload), and what the test sends goes into one frame."""

    def __init__(self, path="/mqtt", size=512, **options):
        super().__init__(transport=WebSocket(path, size), **options)
        self.start_over()

    def start_over(self):
        self.frames = []
        self.keys = []
        self.upgraded = False
        self._raw = b""

    def take(self, connection):
        super().take(connection)
        self.start_over()

    def receive(self):
        if not self.upgraded:
            return super().receive()
        data = attempt(self.sock.recv, 16384)
        self._raw += data or b""
        while self._take_frame():
            pass
        return data == b""

    def _take_frame(self):
        raw = self._raw
        if len(raw) < 2:
            return False
        assert raw[1] & 0x80, "a frame of a client is masked [RFC 6455, 5.1]"
        n, at = raw[1] & 0x7F, 2
        assert n < 127, "longer than any of ours"
        if n == 126:
            if len(raw) < 4:
                return False
            n, at = raw[2] << 8 | raw[3], 4
            assert n > 125
        key, at = raw[at : at + 4], at + 4
        if len(raw) < at + n:
            return False
        payload = bytes([raw[at + i] ^ key[i & 3] for i in range(n)])
        self._raw = raw[at + n :]
        self.frames.append((raw[0], payload))
        self.keys.append(key)
        if raw[0] & 0x0F == BINARY:
            self.received += payload
        return True

    def request(self):
        """The client's request for an upgrade: its lines, without the blank one."""
        self.accept()
        self.until(lambda: b"\r\n\r\n" in self.received or self.receive() and None, "the request")
        assert self.received[-4:] == b"\r\n\r\n"
        lines = self.received[:-4].decode().split("\r\n")
        self.received = b""
        return lines

    def answer(self, lines, **changes):
        """What a server that agrees says to such a request; changes: of headers, None to leave it out."""
        (key,) = [line[19:] for line in lines if line[:19] == "Sec-WebSocket-Key: "]
        accept = b2a_base64(sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())[:-1].decode()
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Accept": accept, "Protocol": "mqtt"}
        headers.update(changes)
        text = "HTTP/1.1 101 Switching Protocols\r\n"
        for name, value in headers.items():
            if value is not None:
                text += "%s: %s\r\n" % (name if name in ("Upgrade", "Connection") else "Sec-WebSocket-" + name, value)
        return (text + "\r\n").encode()

    def upgrade(self):
        """Takes the next connection and agrees; returns the request's lines."""
        lines = self.request()
        self.send(self.answer(lines))
        self.upgraded = True
        return lines

    def connect(self, connack=ACCEPTED):
        self.client.start()
        self.upgrade()
        packet = self.packet()
        self.send(frame(connack))
        self.until(lambda: self.client.state == ONLINE, "CONNACK")
        return packet
