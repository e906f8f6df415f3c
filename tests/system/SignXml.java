/* A third-party signer: the JDK's own XML Signature, and WS-Security put together by hand the way Java programs on SHEP do.
 *
 * usage: java SignXml.java KEY.pem CERTIFICATE.pem ISSUER.pem (FORM IN OUT)...
 * FORM of a document: document, chain, issuer-serial, digest512, exclusive. FORM of an envelope: token (BinarySecurityToken and Timestamp),
 * identifier (SHEP's KeyIdentifier), soap-issuer-serial, thumbprint. */
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.ExcC14NParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

public class SignXml {
    static final String WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    static final String WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    static final String PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
    static final String BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
    static final String THUMBPRINT = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1";
    static final String MORE = "http://www.w3.org/2001/04/xmldsig-more#", ENC = "http://www.w3.org/2001/04/xmlenc#";
    static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");
    static final KeyInfoFactory KEY_INFO = FACTORY.getKeyInfoFactory();

    static PrivateKey key(String path, String algorithm) throws Exception {
        String base64 = Files.readString(Path.of(path)).replaceAll("-----[^-]+-----|\\s", "");
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
    }

    static X509Certificate certificate(String path) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(Files.readAllBytes(Path.of(path))));
    }

    static String method(PrivateKey key, String bits) {
        return MORE + (key.getAlgorithm().equals("EC") ? "ecdsa-sha" : "rsa-sha") + bits;
    }

    static void signDocument(String form, Document document, PrivateKey key, X509Certificate leaf, X509Certificate issuer) throws Exception {
        String c14n = form.equals("exclusive") ? CanonicalizationMethod.EXCLUSIVE : CanonicalizationMethod.INCLUSIVE;
        String bits = form.equals("digest512") ? "512" : "256";
        List<Transform> transforms = List.of(FACTORY.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null),
                FACTORY.newTransform(c14n, (TransformParameterSpec) null));
        Reference reference = FACTORY.newReference("", FACTORY.newDigestMethod(ENC + "sha" + bits, null), transforms, null, null);
        SignedInfo info = FACTORY.newSignedInfo(FACTORY.newCanonicalizationMethod(c14n, (C14NMethodParameterSpec) null),
                FACTORY.newSignatureMethod(method(key, bits), null), List.of(reference));
        List<Object> content = new ArrayList<>();
        if (form.equals("issuer-serial"))
            content.add(KEY_INFO.newX509IssuerSerial(leaf.getIssuerX500Principal().getName(), leaf.getSerialNumber()));
        else
            content.add(leaf);
        if (form.equals("chain")) {
            content.add(0, leaf.getSubjectX500Principal().getName());
            content.add(issuer);
        }
        KeyInfo keyInfo = KEY_INFO.newKeyInfo(List.of(KEY_INFO.newX509Data(content)));
        FACTORY.newXMLSignature(info, keyInfo).sign(new DOMSignContext(key, document.getDocumentElement()));
    }

    static Element add(Element parent, String namespace, String name, String text) {
        Element made = parent.getOwnerDocument().createElementNS(namespace, name);
        if (text != null)
            made.setTextContent(text);
        parent.appendChild(made);
        return made;
    }

    static void signEnvelope(String form, Document document, PrivateKey key, X509Certificate leaf) throws Exception {
        Element envelope = document.getDocumentElement();
        String soap = envelope.getNamespaceURI(), encoded = Base64.getEncoder().encodeToString(leaf.getEncoded());
        Element body = (Element) envelope.getElementsByTagNameNS(soap, "Body").item(0);
        /* As attributes: canonicalisation sees no other declarations, and the serializer would write them afterwards. */
        envelope.setAttributeNS("http://www.w3.org/2000/xmlns/", "xmlns:wsu", WSU);
        envelope.setAttributeNS("http://www.w3.org/2000/xmlns/", "xmlns:wsse", WSSE);
        Element header = document.createElementNS(soap, envelope.getPrefix() + ":Header");
        envelope.insertBefore(header, envelope.getFirstChild());
        Element security = add(header, WSSE, "wsse:Security", null);
        security.setAttributeNS(soap, envelope.getPrefix() + ":mustUnderstand", "1");
        body.setAttributeNS(WSU, "wsu:Id", "bodyId");
        Element reference = document.createElementNS(WSSE, "wsse:SecurityTokenReference");
        List<Element> signed = new ArrayList<>(List.of(body));
        switch (form) {
        case "token" -> {
            Element token = add(security, WSSE, "wsse:BinarySecurityToken", encoded);
            token.setAttribute("ValueType", PROFILE);
            token.setAttribute("EncodingType", BASE64);
            token.setAttributeNS(WSU, "wsu:Id", "token");
            Element stamp = add(security, WSU, "wsu:Timestamp", null);
            stamp.setAttributeNS(WSU, "wsu:Id", "stamp");
            Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
            add(stamp, WSU, "wsu:Created", now.toString());
            add(stamp, WSU, "wsu:Expires", now.plusSeconds(300).toString());
            signed.add(0, stamp);
            Element direct = add(reference, WSSE, "wsse:Reference", null);
            direct.setAttribute("URI", "#token");
            direct.setAttribute("ValueType", PROFILE);
        }
        case "identifier" -> {
            Element identifier = add(reference, WSSE, "wsse:KeyIdentifier", encoded);
            identifier.setAttribute("ValueType", PROFILE);
            identifier.setAttribute("EncodingType", BASE64);
        }
        case "thumbprint" -> {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(leaf.getEncoded());
            Element identifier = add(reference, WSSE, "wsse:KeyIdentifier", Base64.getEncoder().encodeToString(digest));
            identifier.setAttribute("ValueType", THUMBPRINT);
            identifier.setAttribute("EncodingType", BASE64);
        }
        case "soap-issuer-serial" -> {
            String ds = "http://www.w3.org/2000/09/xmldsig#";
            Element pair = add(add(reference, ds, "ds:X509Data", null), ds, "ds:X509IssuerSerial", null);
            add(pair, ds, "ds:X509IssuerName", leaf.getIssuerX500Principal().getName("RFC1779"));
            add(pair, ds, "ds:X509SerialNumber", leaf.getSerialNumber().toString());
        }
        default -> throw new IllegalArgumentException(form);
        }
        List<Reference> references = new ArrayList<>();
        DOMSignContext context = new DOMSignContext(key, security);
        context.setDefaultNamespacePrefix("ds");
        for (Element element : signed) {
            context.setIdAttributeNS(element, WSU, "Id");
            Transform transform = FACTORY.newTransform(CanonicalizationMethod.EXCLUSIVE, new ExcC14NParameterSpec(List.of(envelope.getPrefix(), "wsse")));
            references.add(FACTORY.newReference("#" + element.getAttributeNS(WSU, "Id"), FACTORY.newDigestMethod(ENC + "sha256", null), List.of(transform), null, null));
        }
        SignedInfo info = FACTORY.newSignedInfo(FACTORY.newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE,
                new ExcC14NParameterSpec(List.of(envelope.getPrefix()))), FACTORY.newSignatureMethod(method(key, "256"), null), references);
        FACTORY.newXMLSignature(info, KEY_INFO.newKeyInfo(List.of(new DOMStructure((Node) reference)))).sign(context);
    }

    public static void main(String[] arguments) throws Exception {
        X509Certificate leaf = certificate(arguments[1]), issuer = certificate(arguments[2]);
        PrivateKey key = key(arguments[0], leaf.getPublicKey().getAlgorithm());
        DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
        builders.setNamespaceAware(true);
        for (int i = 3; i + 2 < arguments.length; i += 3) {
            Document document = builders.newDocumentBuilder().parse(new File(arguments[i + 1]));
            if (document.getDocumentElement().getLocalName().equals("Envelope"))
                signEnvelope(arguments[i], document, key, leaf);
            else
                signDocument(arguments[i], document, key, leaf, issuer);
            TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(new File(arguments[i + 2])));
        }
    }
}
