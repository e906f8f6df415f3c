#!/usr/bin/python3
"""Signature wrapping: from one valid message, every way we know to keep its signature and have other content read.

    wrapping.py ENVELOPE FOREIGN OUT     writes the variants of a signed SOAP message as OUT/NNN-name.xml
    wrapping.py --document SIGNED FOREIGN OUT     the same of a signed document

ENVELOPE and SIGNED are valid; FOREIGN is a message or document of the same kind with other content, which must never be taken for signed.
Each variant carries the reasons among which its refusal must be (without TRANSPORT_SIGNATURE_ or APPLICANT_SIGNATURE_; whole names with ':').
tests/system/test_wrapping.py sends them to the real daemon.
"""
import copy
import pathlib
import sys

from lxml import etree

SOAP = {"11": "http://schemas.xmlsoap.org/soap/envelope/", "12": "http://www.w3.org/2003/05/soap-envelope"}
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
XML = "http://www.w3.org/XML/1998/namespace"
WRAP = "{urn:wrap}w"
STRUCTURE = ":SOAP_STRUCTURE"


def q(namespace, name):
    return f"{{{namespace}}}{name}"


class Variant:
    def __init__(self, name, body, *reasons):
        self.name, self.body, self.reasons = name, body, set(reasons)

    def expected(self, group):
        return {r[1:] if r.startswith(":") else f"{group}_{r}" if r.startswith("CERTIFICATE") else f"{group}_SIGNATURE_{r}" for r in self.reasons}


class Soap:
    """One parsed message, copied for every variant."""

    def __init__(self, text):
        self.root = etree.fromstring(text)
        self.ns = etree.QName(self.root).namespace
        self.header, self.body = self.root.find(q(self.ns, "Header")), self.root.find(q(self.ns, "Body"))
        self.security = None if self.header is None else self.header.find(q(WSSE, "Security"))
        self.signature = None if self.security is None else self.security.find(q(DS, "Signature"))
        self.id = self.body.get(q(WSU, "Id"))

    def text(self):
        return etree.tostring(self.root, encoding="UTF-8", xml_declaration=True)

    def find(self, path):
        return self.signature.find(path, {"ds": DS, "wsse": WSSE})


def wrapped(element, depth=1):
    for _ in range(depth):
        outer = etree.Element(WRAP)
        outer.append(element)
        element = outer
    return element


# ---- the transport signature ----

# Where the signed Body goes: name, what to do with it, reasons that come before its id is looked at.
def hide_before_security(m, body):
    m.header.insert(0, body)


def hide_wrapped_before_security(m, body):
    m.header.insert(0, wrapped(body))


def hide_after_security(m, body):
    m.header.append(wrapped(body))


def hide_deep(m, body):
    m.header.append(wrapped(body, 20))


def hide_in_security(m, body):
    m.security.append(wrapped(body))


def hide_in_security_itself(m, body):
    m.security.insert(0, body)


def hide_in_object(m, body):
    etree.SubElement(m.signature, q(DS, "Object")).append(body)


def hide_in_key_info(m, body):
    m.find("ds:KeyInfo").append(wrapped(body))


def hide_in_token_reference(m, body):
    m.find("ds:KeyInfo")[0].append(body)


def hide_in_signed_info(m, body):
    m.find("ds:SignedInfo").append(body)


def hide_in_reference(m, body):
    m.find("ds:SignedInfo/ds:Reference").append(body)


def hide_in_digest_value(m, body):
    m.find("ds:SignedInfo/ds:Reference/ds:DigestValue").append(body)


def hide_in_signature_value(m, body):
    m.find("ds:SignatureValue").append(body)


def hide_in_payload(m, body):
    m.body[0].append(body)


def hide_in_data(m, body):
    m.body.find(".//{*}data").append(wrapped(body, 10))


def hide_beside_payload(m, body):
    m.body.append(wrapped(body))


def hide_before_payload(m, body):
    m.body.insert(0, body)


def hide_after_body(m, body):
    m.root.append(body)


def hide_wrapped_after_body(m, body):
    m.root.append(wrapped(body))


def hide_before_header(m, body):
    m.root.insert(0, body)


def hide_between(m, body):
    m.root.insert(1, body)


PLACES = [
    (hide_before_security, ()), (hide_wrapped_before_security, ()), (hide_after_security, ()), (hide_deep, ()),
    (hide_in_security, ("STRUCTURE",)), (hide_in_security_itself, ("STRUCTURE",)), (hide_in_object, ("STRUCTURE",)),
    (hide_in_key_info, ()), (hide_in_token_reference, ()), (hide_in_signed_info, ("STRUCTURE",)), (hide_in_reference, ("STRUCTURE",)),
    (hide_in_digest_value, ("STRUCTURE",)), (hide_in_signature_value, ("STRUCTURE",)), (hide_in_payload, (STRUCTURE,)), (hide_in_data, ()),
    (hide_beside_payload, (STRUCTURE,)), (hide_before_payload, (STRUCTURE,)), (hide_after_body, (STRUCTURE,)),
    (hide_wrapped_after_body, (STRUCTURE,)), (hide_before_header, (STRUCTURE,)), (hide_between, (STRUCTURE,)),
]
# What the foreign Body has for an id: name, attribute, the signed one's value or another, whether the signed one keeps its own.
IDS = [
    ("no-id", None, None, "WRAPPED"), ("same-id", q(WSU, "Id"), True, "ID_DUPLICATE"), ("other-id", q(WSU, "Id"), False, "WRAPPED"),
    ("plain-Id", "Id", True, "ID_DUPLICATE"), ("ID", "ID", True, "ID_DUPLICATE"), ("id", "id", True, "ID_DUPLICATE"),
    ("xml-id", q(XML, "id"), True, "ID_DUPLICATE"), ("saml-id", "AssertionID", True, "ID_DUPLICATE"),
    ("foreign-namespace-id", "{urn:other}Id", True, "ID_DUPLICATE"),
]


def other_body(m, foreign):
    """Another Body with the foreign payload, in the place of the signed one, which is given back."""
    signed = m.body
    new = etree.Element(signed.tag, nsmap=signed.nsmap)
    new.append(copy.deepcopy(Soap(foreign).body[0]))
    m.root.replace(signed, new)
    m.body = new
    signed.tail = None
    return signed


def moved_bodies(envelope, foreign):
    for place, early in PLACES:
        for name, attribute, same, late in IDS:
            m = Soap(envelope)
            signed = other_body(m, foreign)
            if attribute:
                m.body.set(attribute, m.id if same else "another-id")
            place(m, signed)
            reasons = early or (late, "REFERENCE") if name == "no-id" else early or (late,)
            yield Variant(f"body-{place.__name__.removeprefix('hide_').replace('_', '-')}-{name}", m.text(), *reasons)


def disguised_bodies(envelope, foreign):
    """The signed Body in the header under other names, and foreign Bodies in other namespaces."""
    other = SOAP["12"] if Soap(envelope).ns == SOAP["11"] else SOAP["11"]
    for namespace, label in ((other, "other-soap"), ("urn:other", "urn"), ("", "no")):
        m = Soap(envelope)
        signed = other_body(m, foreign)
        m.header.append(wrapped(signed))
        m.body.tag = q(namespace, "Body") if namespace else "Body"
        m.body.set(q(WSU, "Id"), m.id)
        yield Variant(f"foreign-body-in-{label}-namespace", m.text(), STRUCTURE)
        m = Soap(envelope)
        first = copy.deepcopy(Soap(foreign).body)
        first.tag = q(namespace, "Body") if namespace else "Body"
        m.root.insert(1, first)
        yield Variant(f"foreign-body-in-{label}-namespace-before", m.text(), STRUCTURE)
    for position, label in ((1, "before"), (2, "after")):
        m = Soap(envelope)
        m.root.insert(position, copy.deepcopy(Soap(foreign).body))
        yield Variant(f"two-bodies-foreign-{label}", m.text(), STRUCTURE)
    for index, label in ((0, "before"), (1, "after")):
        m = Soap(envelope)
        m.body.insert(index, copy.deepcopy(Soap(foreign).body[0]))
        yield Variant(f"two-payloads-foreign-{label}", m.text(), STRUCTURE)
    m = Soap(envelope)
    whole = copy.deepcopy(m.root)
    other_body(m, foreign)
    m.header.append(wrapped(whole))
    yield Variant("whole-envelope-in-header", m.text(), "WRAPPED", "REFERENCE", "ID_DUPLICATE")
    m, f = Soap(envelope), Soap(foreign)
    f.body[0].append(m.root)
    yield Variant("whole-envelope-in-foreign-payload", f.text(), STRUCTURE)
    m, f = Soap(envelope), Soap(foreign)
    header = etree.Element(q(f.ns, "Header"))
    f.root.insert(0, header)
    header.append(m.root)
    yield Variant("whole-envelope-in-foreign-header", f.text(), "WRAPPED")
    m = Soap(envelope)
    m.body.set(q(WSU, "Id"), "another-id")
    m.body.replace(m.body[0], copy.deepcopy(Soap(foreign).body[0]))
    yield Variant("foreign-payload-renamed-body", m.text(), "REFERENCE")
    m = Soap(envelope)
    m.body.replace(m.body[0], copy.deepcopy(Soap(foreign).body[0]))
    yield Variant("foreign-payload-in-signed-body", m.text(), "DIGEST")
    m = Soap(envelope)
    inner = m.body[0]
    shell = copy.deepcopy(Soap(foreign).body[0])
    shell.append(inner)
    m.body.append(shell)
    yield Variant("signed-payload-in-foreign-payload", m.text(), STRUCTURE)


def security_headers(envelope, foreign):
    """The header itself: roles, copies, places."""
    ns = Soap(envelope).ns
    role = q(ns, "role" if ns == SOAP["12"] else "actor")

    def changed(change, name, *reasons, swap=True):
        m = Soap(envelope)
        signed = other_body(m, foreign) if swap else None
        change(m, signed)
        return Variant(f"security-{name}", m.text(), *reasons)

    def to_role(m, signed):
        m.security.set(role, "urn:somebody-else")
        m.header.append(wrapped(signed))

    def second(position):
        def change(m, signed):
            m.header.insert(position, copy.deepcopy(m.security))
            m.header.append(wrapped(signed))
        return change

    def nested(m, signed):
        m.header.append(wrapped(m.security))
        m.header.append(wrapped(signed))

    def signature_to(find):
        def change(m, signed):
            signature = m.signature
            signature.tail = None
            m.security.remove(signature)
            find(m).append(signature)
            m.header.append(wrapped(signed))
        return change

    def emptied(m, signed):
        for child in list(m.security):
            m.security.remove(child)
        m.header.append(wrapped(signed))

    def other_namespace(m, signed):
        m.security.tag = q("urn:other", "Security")
        m.header.append(wrapped(signed))

    def out_of_header(m, signed):
        m.root.append(m.security)
        m.header.append(wrapped(signed))

    def into_body(m, signed):
        m.body.append(m.security)
        m.header.append(wrapped(signed))

    def duplicate(path):
        def change(m, signed):
            element = m.find(path)
            element.addnext(copy.deepcopy(element))
            m.header.append(wrapped(signed))
        return change

    def again(position):
        def change(m, signed):
            m.security.insert(position, copy.deepcopy(m.signature))
            m.header.append(wrapped(signed))
        return change

    def add(element):
        def change(m, signed):
            m.security.insert(0, etree.fromstring(element))
            m.header.append(wrapped(signed))
        return change

    yield changed(to_role, "for-another-role", "WRAPPED")
    yield changed(second(0), "twice-before", "SEVERAL")
    yield changed(second(1), "twice-after", "SEVERAL")
    yield changed(nested, "nested", "WRAPPED")
    yield changed(signature_to(lambda m: m.header), "signature-in-header", "WRAPPED", "MISSING")
    yield changed(signature_to(lambda m: m.body[0]), "signature-in-body", STRUCTURE)
    yield changed(emptied, "emptied", "MISSING")
    yield changed(other_namespace, "in-another-namespace", "WRAPPED", ":SOAP_MUST_UNDERSTAND")
    yield changed(out_of_header, "behind-the-body", STRUCTURE)
    yield changed(into_body, "in-the-body", STRUCTURE)
    for path, reason in (("ds:SignedInfo", "STRUCTURE"), ("ds:SignatureValue", "STRUCTURE"), ("ds:KeyInfo", "STRUCTURE"),
                         ("ds:SignedInfo/ds:CanonicalizationMethod", "STRUCTURE"), ("ds:SignedInfo/ds:SignatureMethod", "STRUCTURE"),
                         ("ds:SignedInfo/ds:Reference/ds:Transforms", "STRUCTURE"), ("ds:SignedInfo/ds:Reference/ds:DigestMethod", "STRUCTURE"),
                         ("ds:SignedInfo/ds:Reference/ds:DigestValue", "STRUCTURE"),
                         ("ds:SignedInfo/ds:Reference/ds:Transforms/ds:Transform", "TRANSFORM")):
        yield changed(duplicate(path), f"two-{path.rsplit(':', 1)[-1]}", reason)
    yield changed(duplicate("ds:SignedInfo/ds:Reference"), "two-Reference", "WRAPPED", "REFERENCE", "COVERAGE")
    yield changed(again(0), "two-signatures-first", "SEVERAL")
    yield changed(again(1), "two-signatures-last", "SEVERAL")
    for name, element in (("UsernameToken", f'<w:UsernameToken xmlns:w="{WSSE}"/>'), ("EncryptedKey", '<x:EncryptedKey xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>'),
                          ("SignatureConfirmation", '<c:SignatureConfirmation xmlns:c="http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd" Value=""/>'),
                          ("Assertion", '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="a"/>')):
        yield changed(add(element), f"with-{name}", "STRUCTURE", "WRAPPED", "REFERENCE")
    stamp = f'<u:Timestamp xmlns:u="{WSU}" u:Id="later"><u:Created>2099-01-01T00:00:00Z</u:Created></u:Timestamp>'
    yield changed(add(stamp), "unsigned-timestamp", "SEVERAL", "COVERAGE", "WRAPPED", "REFERENCE")


def references(envelope, foreign):
    """What the Reference says; the foreign Body has the id that a careless reader would find."""
    m = Soap(envelope)
    for name, uri in (("empty", ""), ("absent", None), ("xpointer-id", f"#xpointer(id('{m.id}'))"), ("xpointer-root", "#xpointer(/)"),
                      ("xpointer-path", "#xpointer(/*/*[1]/*[last()]/*)"), ("element", "#element(/1/1/2)"), ("fragment-only", "#"),
                      ("relative", f"message.xml#{m.id}"), ("http", f"http://example.invalid/#{m.id}"), ("file", "file:///etc/hostname"),
                      ("cid", "cid:part@example.invalid"), ("nothing", "#nothing-has-this-id"), ("escaped", "#%69d"), ("blank", f"#{m.id} ")):
        m = Soap(envelope)
        signed = other_body(m, foreign)
        m.body.set(q(WSU, "Id"), m.id)
        signed.attrib.pop(q(WSU, "Id"))
        m.header.append(wrapped(signed))
        reference = m.find("ds:SignedInfo/ds:Reference")
        if uri is None:
            reference.attrib.pop("URI")
        else:
            reference.set("URI", uri)
        yield Variant(f"reference-{name}", m.text(), "REFERENCE")
    hiding = {
        "xpath": ("http://www.w3.org/TR/1999/REC-xpath-19991116", f'<d:XPath xmlns:d="{DS}">false()</d:XPath>'),
        "xpath2": ("http://www.w3.org/2002/06/xmldsig-filter2",
                   '<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="intersect">//*[1]</f:XPath>'),
        "xslt": ("http://www.w3.org/TR/1999/REC-xslt-19991116", '<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"/>'),
        "base64": (DS + "base64", None), "enveloped": (DS + "enveloped-signature", None),
        "decrypt": ("http://www.w3.org/2002/07/decrypt#XML", None), "str": (f"{WSSE}#STR-Transform", None),
        "c14n": ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", None), "c14n11": ("http://www.w3.org/2006/12/xml-c14n11", None),
        "comments": ("http://www.w3.org/2001/10/xml-exc-c14n#WithComments", None), "mime": ("http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform", None),
    }
    for name, (uri, content) in hiding.items():
        for first in (True, False):
            m = Soap(envelope)
            m.body.replace(m.body[0], copy.deepcopy(Soap(foreign).body[0]))
            transform = etree.Element(q(DS, "Transform"), Algorithm=uri)
            if content:
                transform.append(etree.fromstring(content))
            m.find("ds:SignedInfo/ds:Reference/ds:Transforms").insert(0 if first else 1, transform)
            yield Variant(f"transform-{name}-{'first' if first else 'second'}", m.text(), "TRANSFORM")


def split_texts(envelope, foreign):
    """Values and signed texts cut by what one reader skips and another stops at."""
    text = envelope.decode()
    m = Soap(envelope)
    values = {"digest": m.find("ds:SignedInfo/ds:Reference/ds:DigestValue").text, "value": m.find("ds:SignatureValue").text}
    for name, value in values.items():
        for kind, inside in (("comment", "<!-- -->"), ("cdata", f"<![CDATA[{value.strip()[:4]}]]>"), ("element", "<x/>"), ("entity", "&amp;")):
            written = value.replace("\r", "&#13;")
            if written in text:
                yield Variant(f"{kind}-in-{name}", text.replace(written, written[:8] + inside + written[8:], 1).encode(), "STRUCTURE")
    at = text.index("<messageId>") + len("<messageId>test")
    yield Variant("comment-in-signed-text", (text[:at] + "<!-- -->" + text[at:]).encode(), "COMMENT")
    yield Variant("instruction-in-signed-text", (text[:at] + "<?x y?>" + text[at:]).encode(), ":XML_PROCESSING_INSTRUCTION")
    yield Variant("entity-in-signed-text", (text[:at] + "&e;" + text[at:]).encode(), ":XML_NOT_WELL_FORMED")
    yield Variant("void-canonicalisation", text.replace("<messageId>", '<messageId xmlns:r="../r">', 1).encode(), ":XML_NAMESPACE")
    yield Variant("doctype-with-entity", text.replace("?>", '?><!DOCTYPE x [<!ENTITY e "x">]>', 1).encode(), ":XML_DOCTYPE")
    del foreign


def methods(envelope, foreign):
    """Algorithms and keys by which everybody could sign the foreign Body."""
    def with_foreign():
        m = Soap(envelope)
        m.body.replace(m.body[0], copy.deepcopy(Soap(foreign).body[0]))
        return m

    more = "http://www.w3.org/2001/04/xmldsig-more#"
    for name, uri, reason in (("hmac-sha1", DS + "hmac-sha1", "HMAC"), ("hmac-sha256", more + "hmac-sha256", "HMAC"), ("hmac-md5", more + "hmac-md5", "HMAC"),
                              ("rsa-sha1", DS + "rsa-sha1", "ALGORITHM"), ("rsa-md5", more + "rsa-md5", "ALGORITHM"), ("dsa", DS + "dsa-sha1", "ALGORITHM"),
                              ("none", "urn:none", "ALGORITHM")):
        m = with_foreign()
        m.find("ds:SignedInfo/ds:SignatureMethod").set("Algorithm", uri)
        yield Variant(f"method-{name}", m.text(), reason)
    m = with_foreign()
    etree.SubElement(m.find("ds:SignedInfo/ds:SignatureMethod"), q(DS, "HMACOutputLength")).text = "1"
    yield Variant("method-hmac-of-one-bit", m.text(), "HMAC")
    for name, content in (("key-value", f'<d:KeyValue xmlns:d="{DS}"/>'), ("key-name", f'<d:KeyName xmlns:d="{DS}">k</d:KeyName>'),
                          ("retrieval", f'<d:RetrievalMethod xmlns:d="{DS}" URI="http://example.invalid/"/>'), ("mgmt", f'<d:MgmtData xmlns:d="{DS}"/>')):
        m = with_foreign()
        key_info = m.find("ds:KeyInfo")
        for child in list(key_info):
            key_info.remove(child)
        key_info.append(etree.fromstring(content))
        yield Variant(f"key-info-{name}", m.text(), "KEY_INFO")
        m = with_foreign()
        m.find("ds:KeyInfo").append(etree.fromstring(content))
        yield Variant(f"key-info-{name}-beside", m.text(), "KEY_INFO")


def envelope_variants(envelope, foreign):
    """All of a signed SOAP message. Names are unique."""
    for make in (moved_bodies, disguised_bodies, security_headers, references, split_texts, methods):
        yield from make(envelope, foreign)


# ---- the applicant's signature ----

def document_variants(signed, foreign):
    """All of a signed document (the Signature is the last child of its root)."""
    def both():
        return etree.fromstring(signed), etree.fromstring(foreign)

    def said(root):
        return etree.tostring(root, encoding="unicode").encode()

    def taken(root):
        signature = root[-1]
        signature.tail = None
        root.remove(signature)
        return signature

    ours, other = both()
    other.append(taken(ours))
    yield Variant("foreign-document-with-signature", said(other), "DIGEST", "KEY_INFO")
    for index in (0, 1):
        ours, other = both()
        other.insert(index, ours)
        yield Variant(f"signed-document-in-foreign-{index}", said(other), "WRAPPED", "DIGEST")
        ours, other = both()
        other.insert(index, wrapped(ours, 3))
        yield Variant(f"signed-document-deep-in-foreign-{index}", said(other), "WRAPPED")
        ours, other = both()
        signature = taken(ours)
        other.insert(index, wrapped(ours))
        other.append(signature)
        yield Variant(f"signed-content-in-foreign-{index}-signature-last", said(other), "DIGEST")
        ours, other = both()
        signature = taken(ours)
        etree.SubElement(signature, q(DS, "Object")).append(ours)
        other.append(signature)
        yield Variant(f"signed-content-in-object-{index}", said(other), "STRUCTURE")
        ours, other = both()
        other.insert(index, taken(ours))
        yield Variant(f"signature-first-{index}", said(other), "COVERAGE", "WRAPPED")
    for place in ("KeyInfo", "SignedInfo", "SignatureValue", "SignedInfo/{%s}Reference" % DS):
        ours, other = both()
        signature = taken(ours)
        signature.find("/".join(p if p.startswith("{") else q(DS, p) for p in place.split("/", 1)) if "/" in place else q(DS, place)).append(ours)
        other.append(signature)
        yield Variant(f"signed-content-in-{place.rsplit('}', 1)[-1]}", said(other), "STRUCTURE", "KEY_INFO", "DIGEST")
    ours, other = both()
    signature = taken(ours)
    etree.SubElement(signature, q(DS, "Object")).append(other)
    yield Variant("signature-as-root", said(signature), "WRAPPED")
    for element in list(etree.fromstring(foreign)):
        name = etree.QName(element).localname
        if not element.text or len(element) or name == "language":
            continue
        for where in ("before", "after", "instead", "inside", "last", "behind-signature"):
            ours, _ = both()
            target = ours.find(element.tag)
            new = copy.deepcopy(element)
            new.tail = None
            if where == "before":
                target.addprevious(new)
            elif where == "after":
                target.addnext(new)
            elif where == "instead":
                if target.text == new.text:
                    continue
                ours.replace(target, new)
            elif where == "inside":
                target.append(new)
            elif where == "last":
                ours[-1].addprevious(new)
            else:
                ours.append(new)
            yield Variant(f"{name}-{where}", said(ours), "COVERAGE" if where == "behind-signature" else "DIGEST")
    ours, _ = both()
    form = ours.find(q(etree.QName(ours).namespace, "form"))
    form.append(taken(ours))
    yield Variant("signature-in-form", said(ours), "WRAPPED")
    for name, uri in (("form", "#form"), ("xpointer", "#xpointer(/)"), ("http", "http://example.invalid/"), ("file", "file:///etc/hostname"), ("absent", None)):
        ours, other = both()
        signature = taken(ours)
        reference = signature.find(f"{q(DS, 'SignedInfo')}/{q(DS, 'Reference')}")
        reference.attrib.pop("URI")
        if uri is not None:
            reference.set("URI", uri)
        inner = wrapped(ours)
        inner.set("Id", "form")
        other.append(inner)
        other.append(signature)
        yield Variant(f"reference-{name}", said(other), "REFERENCE")
    ours, _ = both()
    first = copy.deepcopy(ours[-1])
    ours.append(first)
    yield Variant("signature-twice", said(ours), "DIGEST", "ID_DUPLICATE")
    for path in ("SignedInfo", "SignatureValue", "KeyInfo"):
        ours, _ = both()
        element = ours[-1].find(q(DS, path))
        element.addnext(copy.deepcopy(element))
        yield Variant(f"two-{path}", said(ours), "STRUCTURE")
    ours, other = both()
    signature = taken(ours)
    transforms = signature.find(f"{q(DS, 'SignedInfo')}/{q(DS, 'Reference')}/{q(DS, 'Transforms')}")
    xpath = etree.SubElement(transforms, q(DS, "Transform"), Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116")
    etree.SubElement(xpath, q(DS, "XPath")).text = "not(ancestor-or-self::*[local-name()='form'])"
    other.append(signature)
    yield Variant("xpath-hides-form", said(other), "TRANSFORM")
    text = signed.decode()
    at = text.index("<declarantId>") + len("<declarantId>8504")
    yield Variant("comment-in-iin", (text[:at] + "<!-- -->" + text[at:]).encode(), "COMMENT")
    yield Variant("instruction-in-iin", (text[:at] + "<?x y?>" + text[at:]).encode(), ":XML_PROCESSING_INSTRUCTION", ":DATA_FORM", ":XML_NOT_WELL_FORMED")


# ---- what must stay accepted ----

def harmless(envelope):
    """(name, message): written in another way, signed the same."""
    text = envelope.decode()
    m = Soap(envelope)
    value = m.find("ds:SignatureValue").text.strip()
    bare = "".join(value.split())
    lines = [bare[i:i + 64] for i in range(0, len(bare), 64)]
    written = text[text.index("SignatureValue>") + len("SignatureValue>"):]
    written = written[:written.index("<")]
    yield "untouched", envelope
    yield "base64-in-lines", text.replace(written, "\n" + "\n".join(lines) + "\n", 1).encode()
    yield "base64-with-carriage-returns", text.replace(written, "&#13;\n".join(lines), 1).encode()
    yield "base64-with-tabs", text.replace(written, "\t".join(lines), 1).encode()
    yield "byte-order-mark", b"\xef\xbb\xbf" + envelope
    yield "reserialised", etree.tostring(m.root, encoding="UTF-8", xml_declaration=True, standalone=True)
    yield "no-declaration", etree.tostring(m.root, encoding="unicode").encode()
    other = Soap(envelope)
    other.header.append(etree.fromstring(f'<h:Trace xmlns:h="urn:h" xmlns:s="{other.ns}" s:mustUnderstand="0">x</h:Trace>'))
    yield "another-header-block", other.text()
    other = Soap(envelope)
    other.header.insert(0, etree.Comment(" in the header "))
    yield "comment-in-the-header", other.text()
    other = Soap(envelope)
    other.security.set(q(other.ns, "mustUnderstand"), "1")
    yield "must-understand", other.text()


def write(variants, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, variant in enumerate(variants, 1):
        (folder / f"{count:03d}-{variant.name}.xml").write_bytes(variant.body)
    print(f"{count} variants in {folder}")


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if a != "--document"]
    if len(arguments) != 3:
        sys.exit(__doc__)
    mine, theirs = (pathlib.Path(p).read_bytes() for p in arguments[:2])
    write((document_variants if "--document" in sys.argv else envelope_variants)(mine, theirs), arguments[2])
