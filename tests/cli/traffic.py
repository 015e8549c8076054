"""Deterministic HTTP traffic as a capture file, for tests and measurements that need a tape of known content."""

import base64
import json
import random
import struct

START_NS = 1_714_994_400_000_000_000  # 2024-05-06T11:20:00Z


class Capture:
    """A pcap of TCP connections to one server; packets are written in time order by `save`."""

    SERVER = bytes([192, 0, 2, 80])
    SEGMENT = 1448

    def __init__(self):
        self.packets = []
        self.connections = 0

    def connection(self, at_ns):
        self.connections += 1
        n = self.connections
        client = bytes([10, n >> 16 & 255, n >> 8 & 255, n & 255])
        opened = Connection(self, client, 20000 + n % 40000)
        opened.handshake(at_ns)
        return opened

    def add(self, at_ns, from_client, client, port, seq, ack, flags, data=b""):
        tcp_ports = (port, 80) if from_client else (80, port)
        tcp = struct.pack(">HHIIBBHHH", *tcp_ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, 65535, 0, 0)
        addresses = (client, self.SERVER) if from_client else (self.SERVER, client)
        total = 20 + len(tcp) + len(data)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, total, len(self.packets) & 0xFFFF, 0x4000, 64, 6, 0, *addresses)
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        self.packets.append((at_ns, len(self.packets), ip + tcp + data))

    def save(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))  # nanoseconds, Ethernet
            for at, _, packet in sorted(self.packets):
                frame = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + packet
                f.write(struct.pack("<IIII", at // 10**9, at % 10**9, len(frame), len(frame)) + frame)
        return path


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Connection:
    def __init__(self, capture, client, port):
        self.capture, self.client, self.port = capture, client, port
        self.seq = {True: 1000, False: 5000}  # by direction: is it the client's?

    def packet(self, at_ns, from_client, flags, data=b""):
        self.capture.add(at_ns, from_client, self.client, self.port, self.seq[from_client],
                         0 if flags == 2 else self.seq[not from_client], flags, data)
        self.seq[from_client] += len(data) + (1 if flags & 3 else 0)

    def handshake(self, at_ns):
        self.packet(at_ns - 900_000, True, 0x02)
        self.packet(at_ns - 600_000, False, 0x12)
        self.packet(at_ns - 300_000, True, 0x10)

    def send(self, at_ns, from_client, data):
        """In segments 12 us apart; returns the last one's time."""
        for begin in range(0, len(data), Capture.SEGMENT):
            self.packet(at_ns, from_client, 0x18, data[begin:begin + Capture.SEGMENT])
            at_ns += 12_000
        return at_ns - 12_000

    def close(self, at_ns):
        self.packet(at_ns, True, 0x11)
        self.packet(at_ns + 100_000, False, 0x11)
        self.packet(at_ns + 200_000, True, 0x10)


# ---- traffic of an API ----

AGENTS = [
    "shop-ios/8.14.2 (iPhone14,5; iOS 17.4.1) CFNetwork/1494.0.7 Darwin/23.4.0",
    "shop-android/8.13.0 (Pixel 7; Android 14) okhttp/4.12.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "partner-sync/2.3 python-requests/2.31.0",
]
WORDS = ("blue red green small large cotton wool linen shirt jacket shoe boot hat scarf glove bag belt watch lamp table chair "
         "desk shelf mirror carpet candle vase bowl plate spoon knife fork glass bottle jar box basket tray frame clock").split()
CITIES = ["Berlin", "Lyon", "Porto", "Gdansk", "Turin", "Utrecht", "Graz", "Malmo", "Ghent", "Brno"]


class Api:
    """A shop's JSON API: fresh ids, tokens, prices and texts in every exchange."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def hex(self, n):
        return self.random.randbytes(n).hex()

    def uuid(self):
        h = self.hex(16)
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def b64(self, n):
        return base64.urlsafe_b64encode(self.random.randbytes(n)).rstrip(b"=").decode()

    def jwt(self):
        claims = {"sub": self.uuid(), "iat": 1714990000 + self.random.randrange(9000), "scope": "shop:read shop:write"}
        return ".".join(["eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
                         base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode(), self.b64(64)])

    def text(self, n):
        return " ".join(self.random.choices(WORDS, k=n))

    def item(self):
        r = self.random
        return {"id": self.uuid(), "sku": f"SKU-{r.randrange(10**7):07}", "title": self.text(5), "description": self.text(14),
                "price": {"amount": r.randrange(100, 99999) / 100, "currency": "EUR"}, "stock": r.randrange(500),
                "rating": round(r.uniform(1, 5), 2), "updated_at": self.stamp()}

    def stamp(self):
        r = self.random
        return f"2024-05-06T{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}.{r.randrange(1000):03}Z"

    def session(self):
        return {"agent": self.random.choice(AGENTS), "token": self.jwt(), "session": self.b64(24), "device": self.uuid()}

    def request(self, session):
        """(method, target, request body or None, answer)"""
        r = self.random
        kind = r.randrange(10)
        if kind < 5:
            return "GET", f"/api/v2/items/{self.uuid()}", None, self.item()
        if kind < 8:
            return ("GET", f"/api/v2/search?q={r.choice(WORDS)}+{r.choice(WORDS)}&page={r.randrange(40)}&session={session['device']}", None,
                    {"total": r.randrange(4000), "items": [self.item() for _ in range(r.randrange(2, 7))]})
        order = {"customer": self.uuid(), "items": [{"sku": f"SKU-{r.randrange(10**7):07}", "quantity": r.randrange(1, 5)}
                                                    for _ in range(r.randrange(1, 5))],
                 "ship_to": {"name": self.text(2).title(), "city": r.choice(CITIES), "zip": f"{r.randrange(10**5):05}"}}
        return ("POST", "/api/v2/orders", order, {"order": self.uuid(), "status": "accepted", "placed_at": self.stamp(), **order})

    def heads(self, session, method, target, body, answer):
        trace = self.hex(16)
        request = [f"{method} {target} HTTP/1.1", "Host: api.shop.example", f"User-Agent: {session['agent']}", "Accept: application/json",
                   "Accept-Encoding: gzip, deflate, br", "Accept-Language: en-GB,en;q=0.9", f"Authorization: Bearer {session['token']}",
                   f"Cookie: sid={session['session']}; device={session['device']}", f"X-Request-Id: {self.uuid()}",
                   f"traceparent: 00-{trace}-{self.hex(8)}-01"]
        if body:
            request += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        response = ["HTTP/1.1 " + ("201 Created" if body else "200 OK"), "Server: nginx", f"Date: Mon, 06 May 2024 {self.stamp()[11:19]} GMT",
                    "Content-Type: application/json; charset=utf-8", f"Content-Length: {len(answer)}", "Connection: keep-alive",
                    f"ETag: W/\"{self.hex(10)}\"", "Cache-Control: private, no-store", f"X-Trace-Id: {trace}",
                    f"X-Runtime: {self.random.uniform(0.002, 0.2):.6f}", "Strict-Transport-Security: max-age=31536000; includeSubDomains",
                    "Vary: Accept-Encoding, Authorization"]
        join = lambda lines: "\r\n".join(lines).encode() + b"\r\n\r\n"
        return join(request), join(response)


def api_traffic(exchanges, seed=1, connections=40, answers=None):
    """`exchanges` requests of `connections` clients at once, about 200 a second. With `answers`, a list of bodies, each answer
    is one of them: traffic that repeats itself."""
    api, capture = Api(seed), Capture()
    r = api.random
    at = START_NS
    open_ones = []
    for _ in range(exchanges):
        at += int(r.expovariate(200) * 1e9)
        if len(open_ones) < connections:
            open_ones.append([capture.connection(at), api.session(), at])
        slot = r.randrange(len(open_ones))
        connection, session, free_at = open_ones[slot]
        start = max(at, free_at)
        method, target, body, answer = api.request(session)
        body = json.dumps(body).encode() if body else b""
        answer = r.choice(answers) if answers else json.dumps(answer).encode()
        request, response = api.heads(session, method, target, body, answer)
        sent = connection.send(start, True, request + body)
        done = connection.send(sent + r.randrange(2_000_000, 80_000_000), False, response + answer)
        open_ones[slot][2] = done + 1_000_000
        if r.randrange(60) == 0:
            connection.close(done + 500_000)
            del open_ones[slot]
    return capture


def repeated_answers(seed=2, kinds=60):
    """Pages and lists that many clients get alike: 2 to 30 KiB each."""
    api = Api(seed)
    return [json.dumps({"page": n, "items": [api.item() for _ in range(api.random.randrange(5, 80))]}).encode() for n in range(kinds)]


def as_gor(ndjson, out):
    """What GoReplay would have written of the exchanges that `export --to ndjson` wrote."""
    raw = lambda value: b"" if value is None else value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])
    end = b"\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"
    answered = {}  # bytes, by connection
    with open(ndjson, encoding="utf-8") as lines, open(out, "wb") as f:
        for e in map(json.loads, lines):
            name = gor_id(e["client"], e["server"], answered.get(e["connection"], 0))
            request, response = (raw(e[side + "_head"]) + raw(e[side + "_body"]) for side in ("request", "response"))
            answered[e["connection"]] = answered.get(e["connection"], 0) + len(response)
            f.write(f"1 {name} {e['start_ns']} 0\n".encode() + request + end)
            if e["status"] is not None:
                f.write(f"2 {name} {e['start_ns'] + e['duration_ns']} {e['duration_ns']}\n".encode() + response + end)
    return out


def gor_id(client, server, answered):
    """GoReplay's: both ports, the client's address and the request's TCP acknowledgement number, in hexadecimal."""
    (address, port), to_port = client.rsplit(":", 1), server.rsplit(":", 1)[1]
    host = bytes(map(int, address.split("."))) if "." in address else address.encode()[-5:-1].rjust(4)
    first_ack = random.Random(client).getrandbits(32)
    return struct.pack(">HH4sI", int(port), int(to_port), host, (first_ack + answered) % (1 << 32)).hex()
