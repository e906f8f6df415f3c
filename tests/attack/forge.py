"""Makes signatures, certificates, OCSP answers, revocation lists, time stamps and canonical XML from their specifications alone: bytes by X.690, RSA by RFC 8017, canonical
forms by the W3C's two recommendations over expat. It shares no code with the gateway and none with the libraries that the gateway uses, so that an error has to be made twice to
stay unseen; and it makes what no honest tool would write. Python's standard library only."""
import base64
import hashlib
import re
import xml.parsers.expat
from datetime import datetime, timedelta, timezone

# ---- DER (X.690) ----


def tlv(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    if n < 128:
        return bytes([tag, n]) + content
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def indefinite(tag, *parts):
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def seq(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *sorted(parts))


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(data):
    return tlv(4, data)


def bits(data):
    return tlv(3, b"\0" + data)


def oid(dotted):
    numbers = [int(n) for n in dotted.split(".")]
    out = b""
    for n in [numbers[0] * 40 + numbers[1], *numbers[2:]]:
        digits = [n & 127]
        while n := n >> 7:
            digits.append(n & 127 | 128)
        out += bytes(reversed(digits))
    return tlv(6, out)


NULL, TRUE = b"\5\0", b"\1\1\xff"


def context(number, *parts):
    """[number] of something constructed."""
    return tlv(0xa0 | number, *parts)


def generalized(when):
    return tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").encode())


def utc(when):
    return tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode())


def take(data, at=0):
    """(tag, content, whole, offset behind) of the element at an offset; definite lengths."""
    n, head = data[at + 1], 2
    if n & 0x80:
        head += n & 0x7f
        n = int.from_bytes(data[at + 2:at + head], "big")
    return data[at], data[at + head:at + head + n], data[at:at + head + n], at + head + n


def children(content):
    """The whole elements in a content, one after the other."""
    at, found = 0, []
    while at < len(content):
        _, _, whole, at = take(content, at)
        found.append(whole)
    return found


def inside(element):
    return take(element)[1]


def pem(path):
    text = path.read_text()
    return base64.b64decode(re.search(r"-----BEGIN [^-]+-----(.*?)-----END", text, re.S).group(1))


# ---- RSA (RFC 8017 8.2) ----

RSA, SHA256_RSA, SHA1_RSA = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.5"
SHA1, SHA256, SHA384, SHA512 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"
HASHES = {SHA1: hashlib.sha1, SHA256: hashlib.sha256, SHA384: hashlib.sha384, SHA512: hashlib.sha512}


def digest(data, algorithm=SHA256):
    return HASHES[algorithm](data).digest()


class Key:
    def __init__(self, path):
        parts = children(inside(pem(path)))
        if take(parts[1])[0] == 0x30:  # PrivateKeyInfo, RFC 5208
            parts = children(inside(inside(parts[2])))
        self.n, self.e, self.d, self.p, self.q = (int.from_bytes(inside(p), "big") for p in parts[1:6])

    def sign(self, data, algorithm=SHA256):
        size = (self.n.bit_length() + 7) // 8
        info = seq(seq(oid(algorithm), NULL), octets(digest(data, algorithm)))
        number = int.from_bytes(b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info, "big")
        # by its two primes: a third of the time
        a, b = pow(number % self.p, self.d % (self.p - 1), self.p), pow(number % self.q, self.d % (self.q - 1), self.q)
        return (b + self.q * ((a - b) * pow(self.q, -1, self.p) % self.p)).to_bytes(size, "big")


class Certificate:
    def __init__(self, path):
        self.der = pem(path)
        tbs = children(inside(children(inside(self.der))[0]))
        if take(tbs[0])[0] == 0xa0:
            tbs = tbs[1:]
        self.serial, self.issuer, self.subject, self.spki = tbs[0], tbs[2], tbs[4], tbs[5]
        self.public_bits = inside(children(inside(self.spki))[1])[1:]
        self.extensions = {}
        for extension in children(inside(inside(tbs[-1]))) if take(tbs[-1])[0] == 0xa3 else []:
            parts = children(inside(extension))
            self.extensions[parts[0]] = inside(parts[-1])

    def key_id(self):
        return inside(self.extensions[oid("2.5.29.14")])


class Party:
    """A certificate of the test PKI and its key."""

    def __init__(self, pki, name, authority=False):
        self.certificate = Certificate(pki / ("ca" if authority else "certs") / f"{name}.pem")
        self.key = Key(pki / "keys" / f"{'ca-' if authority else ''}{name}.key")


def signed(party_key, tbs, algorithm=SHA256_RSA, hash_=SHA256, *more):
    """SIGNED{} of X.509: certificates, lists, the basic answer of OCSP."""
    return seq(tbs, seq(oid(algorithm), NULL), bits(party_key.sign(tbs, hash_)), *more)


def extension(dotted, value, critical=False):
    return seq(oid(dotted), TRUE if critical else b"", octets(value))


# ---- certificates (RFC 5280 4.1) ----

def name(common_name):
    return seq(set_of(seq(oid("2.5.4.3"), tlv(12, common_name.encode()))))


def certificate(issuer, subject, spki, serial, extensions, start=None, days=30, algorithm=SHA256_RSA, hash_=SHA256):
    start = start or datetime.now(timezone.utc) - timedelta(days=1)
    tbs = seq(context(0, integer(2)), integer(serial), seq(oid(algorithm), NULL), issuer.certificate.subject, seq(utc(start), utc(start + timedelta(days=days))), subject, spki,
              context(3, seq(*extensions)))
    return signed(issuer.key, tbs, algorithm, hash_)


# ---- canonical XML (xml-c14n 1.0, xml-exc-c14n) ----

XML_NS = "http://www.w3.org/XML/1998/namespace"


class Element:
    def __init__(self, qname, parent):
        self.qname, self.parent, self.declared, self.attributes, self.children = qname, parent, {}, [], []

    def scope(self):
        """Prefix → URI of everything declared here and above; '' undeclares."""
        found = dict(self.parent.scope()) if self.parent else {"xml": XML_NS}
        found.update(self.declared)
        return found

    def local(self):
        return self.qname.rsplit(":", 1)[-1]

    def find(self, local):
        """The first element below, or this one, of a local name."""
        if self.local() == local:
            return self
        for child in self.children:
            if isinstance(child, Element) and (found := child.find(local)):
                return found
        return None


def parse(text):
    """The root Element of a document, by expat, which knows nothing of namespaces here."""
    top = Element("", None)
    at = [top]
    parser = xml.parsers.expat.ParserCreate(namespace_separator=None)
    parser.ordered_attributes = parser.buffer_text = True

    def start(qname, attributes):
        element = Element(qname, at[-1] if at[-1] is not top else None)
        for key, value in zip(attributes[::2], attributes[1::2]):
            if key == "xmlns" or key.startswith("xmlns:"):
                element.declared[key[6:]] = value
            else:
                element.attributes.append((key, value))
        at[-1].children.append(element)
        at.append(element)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: at.pop()
    parser.CharacterDataHandler = lambda data: at[-1].children.append(data)
    parser.CommentHandler = lambda data: at[-1].children.append(("comment", data))
    parser.Parse(text.encode() if isinstance(text, str) else text, True)
    return next(c for c in top.children if isinstance(c, Element))


def _escape(text, quote):
    for char, instead in (("&", "&amp;"), ("<", "&lt;"), *((('"', "&quot;"), ("\t", "&#x9;"), ("\n", "&#xA;")) if quote else ((">", "&gt;"),)), ("\r", "&#xD;")):
        text = text.replace(char, instead)
    return text


def _by_uri(scope, attribute):
    prefix, _, local = attribute[0].rpartition(":")
    return (scope[prefix] if prefix else "", local)


def canonical(apex, exclusive=True, without=None, inclusive_prefixes=(), comments=False):
    """The canonical form of an element and what is below it, but for one element (the enveloped Signature)."""
    out = []

    def visit(node, rendered, inherited):
        if isinstance(node, str):
            out.append(_escape(node, False))
        elif isinstance(node, tuple):
            if comments:
                out.append(f"<!--{node[1]}-->")
        elif node is not without:
            element(node, rendered, inherited)

    def element(node, rendered, inherited):
        scope = node.scope()
        if exclusive:
            used = {p for p, _, _ in (q.rpartition(":") for q in (node.qname, *(a for a, _ in node.attributes if ":" in a)))} | {p for p in inclusive_prefixes if p in scope}
        else:
            used = set(scope)
        declare = {}
        for prefix in used - {"xml"}:
            uri = scope.get(prefix, "")
            if uri != rendered.get(prefix, ""):
                declare[prefix] = uri
        # xml: attributes of what lies above the apex come along, inclusively (xml-c14n 2.4)
        attributes = node.attributes + [a for a in inherited if a[0] not in {k for k, _ in node.attributes}]
        out.append("<" + node.qname)
        for prefix in sorted(declare):
            out.append(f' xmlns{":" if prefix else ""}{prefix}="{_escape(declare[prefix], True)}"')
        for key, value in sorted(attributes, key=lambda a: _by_uri(scope, a)):
            out.append(f' {key}="{_escape(value, True)}"')
        out.append(">")
        for child in node.children:
            visit(child, {**rendered, **declare}, ())
        out.append(f"</{node.qname}>")

    above, at = {}, apex.parent
    while at and not exclusive:
        for key, value in at.attributes:
            if key.startswith("xml:"):
                above.setdefault(key, value)
        at = at.parent
    visit(apex, {}, list(above.items()))
    return "".join(out).encode()


# ---- XML signatures ----

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N, EXC_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2001/10/xml-exc-c14n#"


def enveloped(text, party, method=C14N, transform=C14N, prefix="ds"):
    """A document with the enveloped Signature of NCALayer's shape as its last child. Both canonicalisations may be the exclusive one."""
    value = base64.b64encode(digest(canonical(parse(text), transform == EXC_C14N))).decode()
    p = prefix + ":" if prefix else ""
    info = (f'<{p}SignedInfo><{p}CanonicalizationMethod Algorithm="{method}"/><{p}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
            f'<{p}Reference URI=""><{p}Transforms><{p}Transform Algorithm="{DS}enveloped-signature"/><{p}Transform Algorithm="{transform}"/></{p}Transforms>'
            f'<{p}DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><{p}DigestValue>{value}</{p}DigestValue></{p}Reference></{p}SignedInfo>')
    declaration = f'xmlns{":" + prefix if prefix else ""}="{DS}"'

    def whole(signature_value):
        certificate_text = base64.b64encode(party.certificate.der).decode()
        signature = (f'<{p}Signature {declaration}>{info}<{p}SignatureValue>{signature_value}</{p}SignatureValue><{p}KeyInfo><{p}X509Data><{p}X509Certificate>{certificate_text}'
                     f'</{p}X509Certificate></{p}X509Data></{p}KeyInfo></{p}Signature>')
        return re.sub(r"(</[^<>]*>\s*)$", lambda m: signature + m.group(1), text)

    signature_info = parse(whole("")).children[-1].find("SignedInfo")
    return whole(base64.b64encode(party.key.sign(canonical(signature_info, method == EXC_C14N))).decode())


WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU, SOAP11 = WSSE.replace("secext", "utility"), "http://schemas.xmlsoap.org/soap/envelope/"


def soap(body, party, on_envelope="", on_body="", prefixes=()):
    """A SOAP 1.1 envelope with a WS-Security signature over its Body; prefixes: the PrefixList of both canonicalisations."""
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{" ".join(prefixes)}"/>' if prefixes else ""
    kept = ["" if p == "#default" else p for p in prefixes]
    certificate_text = base64.b64encode(party.certificate.der).decode()

    def whole(signature):
        return (f'<S:Envelope xmlns:S="{SOAP11}" xmlns:wsu="{WSU}" {on_envelope}><S:Header><wsse:Security xmlns:wsse="{WSSE}">{signature}</wsse:Security></S:Header>'
                f'<S:Body wsu:Id="body-1" {on_body}>{body}</S:Body></S:Envelope>')

    value = base64.b64encode(digest(canonical(parse(whole("")).find("Body"), inclusive_prefixes=kept))).decode()
    info = (f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}">{listed}</ds:CanonicalizationMethod>'
            f'<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#body-1"><ds:Transforms><ds:Transform Algorithm="{EXC_C14N}">{listed}'
            f'</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo>')

    def signature(signature_value):
        profile, encoding = WSSE.replace("wss-wssecurity-secext-1.0.xsd", "wss-x509-token-profile-1.0#X509v3"), "wss-soap-message-security-1.0#Base64Binary"
        return (f'<ds:Signature xmlns:ds="{DS}">{info}<ds:SignatureValue>{signature_value}</ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference><wsse:KeyIdentifier '
                f'ValueType="{profile}" EncodingType="{WSSE.replace("wss-wssecurity-secext-1.0.xsd", encoding)}">{certificate_text}</wsse:KeyIdentifier>'
                f'</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>')

    signed_info = parse(whole(signature(""))).find("SignedInfo")
    return whole(signature(base64.b64encode(party.key.sign(canonical(signed_info, inclusive_prefixes=kept))).decode()))


# ---- CMS (RFC 5652) ----

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, COUNTER_SIGNATURE = ("1.2.840.113549.1.9." + n for n in "3456")
CERTIFICATE_V2, TIME_STAMP_TOKEN, TST_INFO = "1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.16.2.14", "1.2.840.113549.1.9.16.1.4"


def attribute(dotted, *values):
    return seq(oid(dotted), set_of(*values))


def signing_certificate_v2(certificate_):
    return attribute(CERTIFICATE_V2, seq(seq(seq(octets(digest(certificate_.der))))))


def algorithm(dotted, null=True):
    return seq(oid(dotted), NULL if null else b"")


class SignerInfo:
    """Everything may be set to something else before bytes() is asked for."""

    def __init__(self, party, content, content_type=DATA):
        self.party = party
        self.version, self.sid = 1, seq(party.certificate.issuer, party.certificate.serial)
        self.digest_algorithm, self.method, self.hash = algorithm(SHA256), algorithm(SHA256_RSA), SHA256
        self.attributes = [attribute(CONTENT_TYPE, oid(content_type)), attribute(MESSAGE_DIGEST, octets(digest(content))), signing_certificate_v2(party.certificate)]
        self.ordered, self.signed_over, self.unsigned, self.value = True, None, [], None

    def signed_attributes(self):
        return b"".join(sorted(self.attributes) if self.ordered else self.attributes)

    def signature(self):
        return self.value or self.party.key.sign(self.signed_over if self.signed_over is not None else tlv(0x31, self.signed_attributes()), self.hash)

    def bytes(self):
        return seq(integer(self.version), self.sid, self.digest_algorithm, context(0, self.signed_attributes()) if self.attributes else b"", self.method, octets(self.signature()),
                   context(1, *self.unsigned) if self.unsigned else b"")


def cms(signers, content, certificates, content_type=DATA, version=1, encapsulated=None, digests=None, extra=b"", outer=seq):
    """ContentInfo with SignedData; content None: detached."""
    if encapsulated is None:
        encapsulated = context(0, octets(content)) if content is not None else b""
    digests = digests if digests is not None else set_of(algorithm(SHA256))
    data = outer(integer(version), digests, seq(oid(content_type), encapsulated), context(0, *certificates) if certificates else b"", extra, set_of(*[s.bytes() for s in signers]))
    return outer(oid(SIGNED_DATA), context(0, data))


# ---- time stamps (RFC 3161) ----

def tst_info(imprinted, when, hash_=SHA256, policy="1.2.398.3.3.2.6.4", version=1, serial=7, after=b"", imprint=None):
    return seq(integer(version), oid(policy), imprint or seq(algorithm(hash_), octets(digest(imprinted, hash_))), integer(serial),
               when if isinstance(when, bytes) else generalized(when), after)


def time_stamp(authority, info):
    return cms([SignerInfo(authority, info, TST_INFO)], info, [authority.certificate.der], TST_INFO, 3)


# ---- OCSP (RFC 6960) ----

def certificate_id(certificate_, issuer, hash_=SHA256, serial=None, name_hash=None, key_hash=None, parameters=NULL):
    return seq(seq(oid(hash_), parameters), octets(name_hash or digest(certificate_.issuer, hash_)), octets(key_hash or digest(issuer.certificate.public_bits, hash_)),
               serial or certificate_.serial)


GOOD, UNKNOWN = b"\x80\0", b"\x82\0"


def revoked(when, reason=None):
    return context(1, generalized(when), context(0, tlv(10, bytes([reason]))) if reason is not None else b"")


def single(cert_id, status, this, next_=None, extensions=()):
    return seq(cert_id, status, generalized(this), context(0, generalized(next_)) if next_ else b"", context(1, seq(*extensions)) if extensions else b"")


def ocsp(signer, singles, produced, certificates=(), by_key=False, extensions=(), status=0, responder=None, algorithm_=SHA256_RSA, hash_=SHA256, kind="1.3.6.1.5.5.7.48.1.1", version=b""):
    if responder is None:
        responder = context(2, octets(digest(signer.certificate.public_bits, SHA1))) if by_key else context(1, signer.certificate.subject)
    data = seq(version, responder, generalized(produced), seq(*singles), context(1, seq(*extensions)) if extensions else b"")
    basic = signed(signer.key, data, algorithm_, hash_, context(0, seq(*certificates)) if certificates else b"")
    return seq(tlv(10, bytes([status])), context(0, seq(oid(kind), octets(basic))))


# ---- revocation lists (RFC 5280 5.1) ----

def entry(serial, when, extensions=()):
    return seq(serial if isinstance(serial, bytes) else integer(serial), utc(when), seq(*extensions) if extensions else b"")


def crl(authority, this, next_, entries, extensions=(), version=b"\2\1\1", algorithm_=SHA256_RSA, inner=None, issuer=None, hash_=SHA256):
    tbs = seq(version, algorithm(inner or algorithm_), issuer or authority.certificate.subject, utc(this), utc(next_) if next_ else b"", seq(*entries) if entries else b"",
              context(0, seq(*extensions)) if extensions else b"")
    return signed(authority.key, tbs, algorithm_, hash_)
