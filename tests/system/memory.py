"""What a process has in its memory, and what /proc says of it. For root."""
import base64
import pathlib

REGION_MAX = 512 << 20  # larger mappings are a sanitizer's shadow


def der(data, at=0):
    """[(tag, content)] of a DER sequence's inside."""
    found = []
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            n = length & 0x7F
            length, at = int.from_bytes(data[at:at + n], "big"), at + n
        found.append((tag, data[at:at + length]))
        at += length
    return found


def secrets_of(path):
    """What of a PKCS#8 key nobody else may have: its DER, and its secret number as OpenSSL keeps it (little-endian words)."""
    body = "".join(line for line in pathlib.Path(path).read_text().splitlines() if not line.startswith("-----"))
    whole = base64.b64decode(body)
    fields = der(der(whole)[0][1])
    inside = der(der(fields[2][1])[0][1])
    secret = inside[4][1] if len(inside) > 4 else inside[1][1]  # RSA: a prime; EC: the scalar
    secret = secret.lstrip(b"\0")
    return [whole[-80:-16], secret, secret[::-1]], secret[::-1]


def memory(pid):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            first, last = (int(x, 16) for x in line.split()[0].split("-"))
            if "r" not in line.split()[1] or last - first > REGION_MAX or "[v" in line:
                continue
            try:
                mem.seek(first)
                yield mem.read(last - first)
            except OSError:
                continue


def has_any(pid, needles):
    return any(needle in block for block in memory(pid) for needle in needles)


def proc_status(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
