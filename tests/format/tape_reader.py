#!/usr/bin/env python3
"""A second reader of tapes, written from docs/tape-format.md alone: prints what `tapedeck export --to ndjson` prints.
tape_reader.py [--key-file F] TAPE...   exit status 0: nothing is damaged, all is sealed; 4: something is; 2: not a tape"""
import base64, codecs, ctypes, hashlib, heapq, hmac, ipaddress, itertools, json, re, struct, sys, types
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

zstd, xxhash, size_t = ctypes.CDLL("libzstd.so.1"), ctypes.CDLL("libxxhash.so.0"), ctypes.c_size_t
xxhash.XXH3_64bits.restype = zstd.ZSTD_getFrameContentSize.restype = ctypes.c_uint64
zstd.ZSTD_decompress.restype = zstd.ZSTD_findFrameCompressedSize.restype = size_t
FILE_HEADER, CHUNK, BLOB, FOOTER, NOTE = 1, 2, 3, 6, 7
META, REQUEST_HEADS, RESPONSE_HEADS, VALUES, REQUEST_BODIES, STORED, EXTRA, CONNECTIONS, ORIGINS, EXT = 1, 2, 3, 4, 5, 7, 8, 9, 10, 11
NO_BODY, INLINE, AS_IS, EQUAL, IN_BLOB, OMITTED, OPEN_BLOB = range(7)
FLAGS = """request_truncated response_truncated response_missing client_aborted upstream_unreachable upstream_aborted upstream_timeout
 request_chunked response_chunked request_omitted response_omitted upgraded expect_continue early_response request_gap response_gap
 malformed redacted imported late_row cut_off read_to_close answered_by_proxy head_rebuilt request_missing pairing_uncertain
 overlap_inconsistent""".split()
REASONS = """none capture_memory queue_full disk_full io_error paused kernel_drop source_drop tcp_gap snaplen tls_gap evicted unpaired
 one_sided cut_off aborted parse_error head_limit body_limit redaction_failed filter sample import_skipped inherited""".split()
VERSIONS = {0x09: "0.9", 0x10: "1.0", 0x11: "1.1", 0x20: "2", 0x30: "3"}

def attempt(read, *what):
    """None if it is damaged: whatever does not fit, a broken check or bytes that end too soon."""
    try:
        return read(*what)
    except (AssertionError, ValueError, LookupError, struct.error, InvalidTag):
        return None
xxh3 = lambda data: xxhash.XXH3_64bits(data, size_t(len(data)))
signed = lambda n: (n + (1 << 63)) % (1 << 64) - (1 << 63)
text = lambda data: data.decode("utf-8", "each")
any_bytes = lambda data: {"base64": base64.b64encode(data).decode()} if attempt(data.decode) is None else data.decode()
hkdf = lambda key, salt, info, n: hmac.digest(hmac.digest(salt, key, "sha256"), info + b"\1", "sha256")[:n]

def unzstd(data, raw_len):
    size = zstd.ZSTD_getFrameContentSize(data, size_t(len(data)))
    assert size == raw_len and size <= 16 << 20 and zstd.ZSTD_findFrameCompressedSize(data, size_t(len(data))) == len(data)
    out = ctypes.create_string_buffer(size + 1)
    assert zstd.ZSTD_decompress(out, size_t(size), data, size_t(len(data))) == size
    return out.raw[:size]

class Bytes:
    """Values one after the other; zeros without end where there are no bytes at all."""
    def __init__(self, data=None):
        self.data, self.at = data, 0
    def more(self):
        return self.at < len(self.data)
    def take(self, n):
        assert self.data is None or n <= len(self.data) - self.at
        self.at += n
        return bytes(n) if self.data is None else self.data[self.at - n:self.at]
    def byte(self):
        return self.take(1)[0]
    def varint(self):
        b = self.byte()
        return b if b < 128 else b & 127 | self.varint() << 7
    def zigzag(self):
        return (n := self.varint()) >> 1 ^ -(n & 1)

class Record:
    def __init__(self, data, at, tape):
        head = data[at:at + 64]
        assert len(head) == 64 and head[:4] == b"\x57\x2a\x4d\x18" and head[8:12] == b"TAPE"
        frame_size, major, self.flags, self.type, self.segment = struct.unpack_from("<4xI4xBBH16s", head)
        self.record_no, body_len, payload_len, payload_hash, header_hash = struct.unpack_from("<QIIQQ", head, 32)
        begin, self.end, self.tape = at + 64 + body_len, at + 64 + body_len + payload_len, tape
        assert body_len <= 4096 and payload_len <= 32 << 20 and frame_size == 56 + body_len and begin <= len(data)
        self.fixed, self.body, self.payload, self.begin = head[:48], data[at + 64:begin], data[begin:self.end], begin
        assert xxh3(head[:56] + self.body) == header_hash
        if major != 1 or self.flags & ~7 or self.type > NOTE and self.flags & 1:
            sys.exit("written by a newer version")
        self.good = len(self.payload) == payload_len and xxh3(self.payload) == payload_hash
        if self.good and self.flags & 4:  # escaped
            frames, last = bytearray(self.payload), 0
            while (size := 8 + struct.unpack_from("<I", frames, last + 4)[0]) < len(frames) - last:
                last += size
            for (hit,) in struct.iter_unpack("<I", frames[last + 8:]):
                frames[hit] = 0x57
            self.payload = bytes(frames[:last])
    def content(self, frame, index=0):
        if frame[:4] != b"\x28\xb5\x2f\xfd":
            assert frame[:4] == b"\x58\x2a\x4d\x18" and struct.unpack_from("<I", frame, 4)[0] == len(frame) - 8
            frame = frame[8:]
        if not self.flags & 2:
            assert self.segment[:12] not in self.tape.encrypted
            return frame
        body = bytearray(self.body)
        for n in range(struct.unpack_from("<H", body, 54)[0] if self.type == CHUNK else 0):
            body[88 + 24 * n:96 + 24 * n] = bytes(8)  # stored_xxh3
        key = hkdf(self.tape.key, self.segment, b"tapedeck tape 1 segment", 32)
        return AESGCM(key).decrypt(struct.pack("<QHH", self.record_no, index, 0), frame, self.fixed + bytes(body))

class Chunk:
    def __init__(self, record):
        self.record, self.recording, self.decoded, self.columns, at = record, record.segment[:12], {}, {}, 0
        self.next_ordinal, self.watermark, self.rows_n, self.exchanges, self.epoch, self.place, columns = struct.unpack_from("<Q24xqIIIHH", record.body)
        for n in range(columns):
            column, codec, stored_len, raw_len, stored_hash = struct.unpack_from("<HBxII4xQ", record.body, 72 + 24 * n)
            self.columns[column] = n, at, codec, stored_len, raw_len, stored_hash
            at += stored_len
        self.rows = attempt(lambda: list(self.read_rows(Bytes(self.column(META)))))
    def column(self, column):
        """Empty if it is not there; damaged if a fault hit it."""
        if column not in self.decoded and column in self.columns:
            n, at, codec, stored_len, raw_len, stored_hash = self.columns[column]
            frame = self.record.payload[at:at + stored_len]
            assert self.record.good or not self.record.flags & 4 and len(frame) == stored_len and xxh3(frame) == stored_hash
            content = self.record.content(frame, n)
            self.decoded[column] = unzstd(content, raw_len) if codec else content
        return self.decoded.get(column, b"")
    def slice(self, place):
        column, at, length = place
        assert not length or at + length <= len(self.column(column))
        return self.column(column)[at:at + length] if length else b""
    def read_rows(self, meta):
        streams, ordinal, connection, first, ends = {}, self.next_ordinal, 0, 0, [0] * 12
        while meta.more():
            stream = meta.varint()
            streams[stream] = Bytes(meta.take(meta.varint()))
        at = lambda n: streams.setdefault(n, Bytes())
        def place(column, length):
            ends[column] += length
            return column, ends[column] - length, length
        def body(side, code):
            if code == OMITTED:
                return [code, at(17).varint(), at(17).byte(), at(17).take(at(17).byte())]
            assert code <= OPEN_BLOB
            got = [code] + [at(17).varint() for _ in range((0, 1, 1, 3, 3, 0, 2)[code])]
            return got + [place(STORED if code == AS_IS else REQUEST_BODIES + side, got[1])] if code in (INLINE, AS_IS) else got
        for n in range(self.rows_n):
            row = types.SimpleNamespace(chunk=self, n=n, kind=at(1).byte())
            row.ordinal = ordinal - at(2).varint() if row.kind == 2 else ordinal
            ordinal += row.kind != 2
            connection, first = (connection + at(3).zigzag()) % (1 << 64), signed(first + at(10).zigzag())
            row.connection, row.first, row.sequence, _, _ = connection, first, at(4).varint(), at(5).varint(), at(6).byte()
            row.version, row.status, row.flags = VERSIONS.get(at(7).byte(), "unknown"), at(8).varint(), at(9).varint()
            row.response_last = signed(first + at(11).zigzag() + at(12).zigzag() + at(13).zigzag())
            row.heads = place(REQUEST_HEADS, at(14).varint()), place(RESPONSE_HEADS, at(15).varint())
            codes = at(16).byte()
            row.bodies = body(0, codes & 15), body(1, codes >> 4)
            _ = [at(18).varint() for bit in (0, 1) if row.flags >> bit & 1]
            row.extra, row.ext, row.reason = place(EXTRA, at(19).varint()), place(EXT, at(20).varint()), at(21).varint()
            yield row
    def items(self, place, kind):
        items = Bytes(attempt(self.slice, place) or b"")
        while items.more():
            yield kind(items), items.take(items.varint())
    def value(self, index):
        values = Bytes(self.column(VALUES))
        for _ in range(index):
            values.take(values.varint())
        return values.take(values.varint())
    def connection(self, number):
        entries, of = Bytes(self.column(CONNECTIONS)), 0
        while entries.more():
            entry, fields = Bytes(entries.take(entries.varint())), {}
            of = (of + entry.zigzag()) % (1 << 64)
            while entry.more():
                tag = entry.byte()
                fields[tag] = address(entry.take(entry.varint()))
            if of == number:
                return fields
    def id_of(self, row):
        listed, recording, ordinal, origins = [], self.recording, row.ordinal, Bytes(attempt(self.column, ORIGINS))
        for _ in range(row.n + 1 if origins.data else 0):
            if (k := origins.varint()) == len(listed):
                listed.append([origins.take(12), 0])
            listed[k][1] += origins.zigzag()
            recording, ordinal = listed[k]
        return f"{recording[:4].hex()}-{ordinal}"

class Tape:
    def __init__(self, data, key):
        self.key, self.encrypted, self.segments, self.sound, self.blobs, self.chunks, self.orders, at = key, set(), [], True, {}, {}, {}, 0
        while at < len(data):
            if record := attempt(Record, data, at, self):
                self.accept(record)
            self.sound = self.sound and bool(record) and record.good
            at = record.end if record and record.good else next_sync(data, record.begin if record else at + 1)
        self.encrypted |= {s.id[:12] for s in self.segments if any(r.flags & 2 for r in s.records.values())}
        self.sound = self.sound and all(s.sealed and len(s.records) == s.last + 1 for s in self.segments)
        for segment in self.segments:
            chunks = self.orders.setdefault(segment.id[:12], [])
            for record in segment.records.values():
                if record.type == BLOB and record.good:
                    self.blobs[segment.id[:12], *struct.unpack_from("<Q28xI", record.body)] = record
                if record.type == CHUNK:
                    chunks.append(chunk := Chunk(record))
                    self.chunks[segment.id, chunk.epoch, chunk.place] = chunk
            chunks.sort(key=lambda c: (c.record.segment[12:16][::-1], c.epoch, c.place))
        self.rests = {(c.recording, r.ordinal): r for c in self.chunks.values() for r in c.rows or () if r.kind == 2}
    def accept(self, record):
        found = next((s for s in self.segments if s.id == record.segment), None)
        if found is None:
            found = types.SimpleNamespace(id=record.segment, last=-1, again_behind=0, records={}, sealed=False)
            self.segments.append(found)
        if record.record_no > found.last:
            del self.segments[max(self.segments.index(found) + 1, found.again_behind):]
            found.last, found.sealed = record.record_no, record.type == FOOTER
        else:
            found.again_behind, known = len(self.segments), found.records.get(record.record_no)
            if not record.good or known and known.good:
                return
        found.records[record.record_no] = record
        if record.type == FILE_HEADER and any(record.body[40:48]):
            if hkdf(self.key or b"", b"", b"tapedeck tape 1 key id", 8) != record.body[40:48]:
                sys.exit("encrypted, and this is not its key")
            self.encrypted.add(record.segment[:12])
    def rows(self, chunks):
        heap, watermark = [], -1 << 63
        chunks = [chunk for chunk in chunks if chunk.exchanges]
        for chunk in chunks:
            for row in (r for r in chunk.rows or () if r.kind != 2):
                heapq.heappush(heap, (row.first, row.ordinal, id(row), row))
            watermark = max(watermark, chunk.watermark)
            while heap and (heap[0][0] <= watermark or chunk is chunks[-1]):
                yield heapq.heappop(heap)[3]
    def exchanges(self):
        return filter(None, (attempt(self.exchange, r) for r in heapq.merge(*map(self.rows, self.orders.values()), key=lambda r: r.first)))
    def exchange(self, row):
        """The row, its completion if it has one, and what their chunks and blobs hold of them."""
        end = self.rests.get((row.chunk.recording, row.ordinal), row) if row.kind == 1 else row
        flags, reason, open_body = end.flags, REASONS[end.reason], row.bodies[0][0] == OPEN_BLOB
        if row.kind == 1 and end is row:  # what it began is all there is
            all_there = not open_body or any(part.body[49] & 1 for part in self.parts(row.chunk, row.bodies[0][1]))
            flags |= 1 << FLAGS.index("response_missing") | 1 << FLAGS.index("cut_off") | (not all_there)
            reason = reason if end.reason else "cut_off"
        has = [not flags >> FLAGS.index("request_missing") & 1, end.status != 0]
        heads = [self.head(row.chunk, row.heads[0]), attempt(self.head, end.chunk, end.heads[1])]
        bodies = [attempt(self.body, end if open_body else row, 0), None if heads[1] is None else attempt(self.body, end, 1)]
        extra = dict(item for half in (row, end) for item in half.chunk.items(half.extra, Bytes.byte))
        ext = dict(item for half in (row, end) for item in half.chunk.items(half.ext, Bytes.varint))
        connection = attempt(row.chunk.connection, row.connection) or {}
        line = {"id": row.chunk.id_of(row), "connection": row.connection or None, "sequence": row.sequence, "start_ns": row.first,
                "duration_ns": end.response_last - row.first if has[1] else None, "client": connection.get(1),
                "server": connection.get(2), "version": row.version, "status": end.status or None,
                "flags": [word for bit, word in enumerate(FLAGS) if flags >> bit & 1],
                "reason": None if reason == "none" else reason, "rules": text(ext.get(2, b"")).split()}
        for name, value in zip(("method", "target", "host"), request_line(heads[0])):
            line[name] = text(value) if has[0] else None
        for side, name in enumerate(("request", "response")):
            body = bodies[side]
            for what, data, show in (("head", heads[side] or b"", any_bytes), ("trailers", extra.get(side + 1, b""), any_bytes),
                                     ("body", body, any_bytes), ("body_sha256", body, lambda b: hashlib.sha256(b).hexdigest())):
                line[f"{name}_{what}"] = show(data) if has[side] and data is not None else None
            line[name + "_body_bytes"] = len(body or b"")
        return line
    def head(self, chunk, place):
        pieces, head = Bytes(chunk.slice(place)), b""
        while pieces.more():
            n = pieces.varint()
            head += self.chunks[chunk.record.segment, chunk.epoch, chunk.place - n // 2].value(pieces.varint()) if n & 1 else pieces.take(n // 2)
        return head
    def body(self, row, side):
        code, *arguments = row.bodies[side]
        if code in (INLINE, AS_IS):
            return row.chunk.slice(arguments[1])
        if code == EQUAL:
            chunk = self.chunks[row.chunk.record.segment, row.chunk.epoch, row.chunk.place - arguments[1]]
            place = [b[2] for r in chunk.rows or () for b in r.bodies if b[0] in (INLINE, AS_IS)][arguments[2]]
            assert place[2] == arguments[0]
            return chunk.slice(place)
        if code in (NO_BODY, OMITTED):
            return None if code == OMITTED else b""
        body = b"".join(map(self.part, self.parts(row.chunk, arguments[code == IN_BLOB])))
        assert code == OPEN_BLOB or len(body) == arguments[0]
        return body
    def parts(self, chunk, blob):
        return list(itertools.takewhile(bool, (self.blobs.get((chunk.recording, blob, n)) for n in itertools.count())))
    def part(self, record):
        same_blob, same_part, raw_len, codec = struct.unpack_from("<16xQ16xIIB", record.body)
        if same_blob:
            record = self.blobs[record.segment[:12], same_blob, same_part]
            assert struct.unpack_from("<44xI", record.body)[0] == raw_len
        content = record.content(record.payload) if raw_len else b""
        return unzstd(content, raw_len) if raw_len and record.body[48] else content

def next_sync(data, at):
    return next((found.start() for found in re.compile(rb"\x57\x2a\x4d\x18....TAPE", re.DOTALL).finditer(data, at)), len(data))

def address(data):
    ip = ipaddress.ip_address(data[2:]) if len(data) in (6, 18) else None
    return ip and (f"{ip}" if ip.version == 4 else f"[{ip}]") + f":{struct.unpack_from('<H', data)[0]}"

def request_line(head):
    method, _, target = head.partition(b"\n")[0].strip(b" \t\r").partition(b" ")
    target = re.sub(rb"[ \t]+HTTP/[^ \t]*$", b"", target.strip(b" \t"))
    authority = re.match(rb"[^/?#]*?://([^/?#]+)", target)
    field = re.search(rb"(?i)\nhost[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?\n", head)
    host = authority[1].rpartition(b"@")[2] if authority else target if method == b"CONNECT" else field[1] if field else b""
    return method, target, host

def main(arguments):
    codecs.register_error("each", lambda error: ("\ufffd", error.start + 1))
    key = open(arguments[1], "rb").read() if arguments[0] == "--key-file" else None
    tape = Tape(b"".join(open(name, "rb").read() for name in (arguments[2:] if key else arguments)), key)
    for exchange in tape.exchanges():
        print(json.dumps(exchange, ensure_ascii=False))
    return 2 if not tape.segments else 0 if tape.sound else 4
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
