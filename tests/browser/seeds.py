"""Applications that wait for people when the browser comes: over REST from the portal, some with scans."""
import base64
import hashlib
import json
import os
import sqlite3
import struct
import time
import zlib

from check import defaults, filled, http_call, moment, sign

APPLICANT = "850412390011"


def png(width=320, height=200):
    """A picture: a gradient."""
    def chunk(kind, data):
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(b for x in range(width) for b in (x * 255 // width, y * 255 // height, 160)) for y in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def housing(lab, files=(), applicant=APPLICANT):
    """files: (name, id of the document, bytes). Returns the registration number."""
    values = {**defaults(), "now": moment(), "serviceCode": "HOUSING_AID", "applicant": applicant, "requestNumber": f"{time.time_ns() % 10**13:013d}".rjust(14, "5")}
    text = filled("application-plain", values)
    listed = "".join(f'<attachment name="{name}" size="{len(data)}" sha256="{hashlib.sha256(data).hexdigest()}" document="{document}"/>' for name, document, data in files)
    if listed:
        text = text.replace("<form/>", f"<attachments>{listed}</attachments><form/>")
    body = {"application": base64.b64encode(sign(text, f"applicant-{applicant}")).decode(), "attachments": [{"name": n, "content": base64.b64encode(d).decode()} for n, _, d in files]}
    answer = http_call(f"{lab.tls_url}/api/v1/requests", "POST", json.dumps(body).encode(), {"Content-Type": "application/json", "Idempotency-Key": values["requestNumber"]}, "tls-portal")
    if answer.status != 201:
        raise RuntimeError(f"{answer.status} {answer.body[:400]}")
    return json.loads(answer.body)["number"]


def many(lab, number, count):
    """So many more like that one, written into the store while the gateway is away; half of them with limits, from overdue to far off."""
    lab.stop("gateway")
    store = sqlite3.connect(lab.folder / "store.db")
    store.row_factory = sqlite3.Row
    now, first = int(time.time() * 1000), store.execute("SELECT max(id) FROM request").fetchone()[0] + 1
    with store:
        for table, key in (("request", "id"), ("message", "request_id"), ("casework", "request_id")):
            row = dict(store.execute(f"SELECT * FROM {table} WHERE {key} = ?", (int(number[3:]),)).fetchone())
            for i in range(count):
                row[key] = first + i
                if table == "message":
                    row.update(identity=os.urandom(16), message_id=f"many-{i}")
                if table == "request":
                    row.update(registered_at=now - i * 30000, work_at=None, portal_number=f"{i:014d}", subject="")
                if table == "casework" and i % 2:
                    row.update(step_near=now + (i - 1000) * 60000, step_due=now + (i - 800) * 60000, result_due=now + i * 120000, warned=2)
                store.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
    store.close()
    lab.start_gateway()
