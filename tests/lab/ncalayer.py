"""A page's side of NCALayer: a WebSocket client (RFC 6455) that speaks its JSON. Python's standard library only."""
import base64
import json
import os
import socket
import ssl
import struct
import urllib.parse


class Closed(Exception):
    """The connection ended; args[0] is the close status, or None."""


class WebSocket:
    def __init__(self, url, ca, timeout=20, headers=None):
        where = urllib.parse.urlsplit(url)
        context = ssl.create_default_context(cafile=str(ca))
        plain = socket.create_connection((where.hostname, where.port), timeout=timeout)
        self.socket = context.wrap_socket(plain, server_hostname=where.hostname)
        self.stream = self.socket.makefile("rb")
        lines = {"Host": where.netloc, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **(headers or {})}
        self.socket.sendall(("GET / HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None) + "\r\n").encode())
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline().strip():
            pass

    def send_frame(self, opcode, payload, final=True):
        mask = os.urandom(4)
        size = struct.pack("!B", 0x80 | len(payload)) if len(payload) < 126 else struct.pack("!BH", 0xfe, len(payload)) if len(payload) < 65536 else \
            struct.pack("!BQ", 0xff, len(payload))
        key = (mask * (len(payload) // 4 + 1))[:len(payload)]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big") if payload else b""
        self.socket.sendall(bytes([(0x80 if final else 0) | opcode]) + size + mask + masked)

    def read_frame(self):
        head = self.stream.read(2)
        if len(head) < 2:
            raise Closed(None)
        size = head[1] & 0x7f
        if size > 125:
            size = int.from_bytes(self.stream.read(2 if size == 126 else 8), "big")
        payload = self.stream.read(size)
        if head[0] & 15 == 8:
            raise Closed(int.from_bytes(payload[:2], "big") if payload else 1005)
        return head[0] & 15, payload

    def close(self):
        self.socket.close()


class NCALayer(WebSocket):
    """with NCALayer(url, ca) as n: n.basics("xml", document), n.common("signXml", …)"""

    def __init__(self, url, ca, **options):
        super().__init__(url, ca, **options)
        self.version = json.loads(self.read_frame()[1])["result"]["version"] if self.status == 101 else None

    def ask(self, module, method, args=None):
        self.send_frame(1, json.dumps({"module": f"kz.gov.pki.knca.{module}", "method": method, "args": args}).encode())
        return json.loads(self.read_frame()[1])

    def common(self, method, *args):
        return self.ask("commonUtils", method, list(args))

    def basics(self, form, data, auth=False, **params):
        return self.ask("basics", "sign", {"allowedStorages": ["PKCS12"], "format": form, "data": data, "signingParams": params,
                                           "signerParams": {"extKeyUsageOids": ["1.3.6.1.5.5.7.3.2" if auth else "1.3.6.1.5.5.7.3.4"]}, "locale": "ru"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
