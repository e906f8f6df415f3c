/* An independent judge: the JDK's own XML Signature and certificate path validation.
 *
 * usage: java VerifyXml.java ROOT.pem ISSUING.pem FILE...
 * Prints for each FILE "name OK what-is-covered CN" or "name NO why". Enveloped signatures of documents and WS-Security signatures of SOAP
 * envelopes; the certificate comes from the message and must lead to ROOT by PKIX (no revocation: nobody answers for a test authority). */
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

public class VerifyXml {
    static final String WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    static final String XADES = "http://uri.etsi.org/01903/v1.3.2#";
    static final String WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

    static X509Certificate certificate(byte[] bytes) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(bytes));
    }

    static Element only(Element parent, String namespace, String name) {
        NodeList found = parent.getElementsByTagNameNS(namespace, name);
        return found.getLength() == 1 ? (Element) found.item(0) : null;
    }

    static Document parse(File file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(file);
    }

    /* The one certificate that the message carries: X509Data, or a key identifier or token of WS-Security. */
    static X509Certificate signer(Element scope) throws Exception {
        Element found = only(scope, XMLSignature.XMLNS, "X509Certificate");
        if (found == null)
            found = only(scope, WSSE, "KeyIdentifier");
        if (found == null)
            found = only(scope, WSSE, "BinarySecurityToken");
        if (found == null)
            throw new Exception("no certificate, or several");
        return certificate(Base64.getMimeDecoder().decode(found.getTextContent()));
    }

    static void checkPath(X509Certificate leaf, X509Certificate issuing, X509Certificate root) throws Exception {
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.setRevocationEnabled(false);
        CertPathValidator.getInstance("PKIX").validate(CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf, issuing)), parameters);
    }

    static String judge(File file, X509Certificate root, X509Certificate issuing) throws Exception {
        Document document = parse(file);
        Element top = document.getDocumentElement();
        boolean soap = top.getLocalName().equals("Envelope");
        Element scope = soap ? only(top, WSSE, "Security") : top;
        Element signature = scope == null ? null : only(scope, XMLSignature.XMLNS, "Signature");
        if (signature == null)
            throw new Exception("no signature, or several");
        X509Certificate leaf = signer(scope);
        checkPath(leaf, issuing, root);
        PublicKey key = leaf.getPublicKey();
        DOMValidateContext context = new DOMValidateContext(key, signature);
        context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
        Element body = null;
        if (soap) {
            body = only(top, top.getNamespaceURI(), "Body");
            if (body == null || body.getParentNode() != top)
                throw new Exception("no Body, or several");
            context.setIdAttributeNS(body, WSU, "Id");
        }
        Element properties = soap ? null : only(signature, XADES, "SignedProperties");
        if (properties != null)
            context.setIdAttributeNS(properties, null, "Id");
        XMLSignature parsed = XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context);
        List<String> wanted = new ArrayList<>(List.of(soap ? "#" + body.getAttributeNS(WSU, "Id") : "")), uris = new ArrayList<>();
        if (properties != null)
            wanted.add("#" + properties.getAttribute("Id"));
        for (Object reference : parsed.getSignedInfo().getReferences())
            uris.add(((Reference) reference).getURI());
        if (!wanted.equals(uris))
            throw new Exception("covers " + uris);
        if (!parsed.validate(context))
            throw new Exception(parsed.getSignatureValue().validate(context) ? "digest" : "signature value");
        return (soap ? "Body " : properties != null ? "XAdES " : "document ") + key.getAlgorithm() + " " + leaf.getSerialNumber().toString(16);
    }

    public static void main(String[] arguments) throws Exception {
        X509Certificate root = certificate(Files.readAllBytes(Path.of(arguments[0]))), issuing = certificate(Files.readAllBytes(Path.of(arguments[1])));
        for (int i = 2; i < arguments.length; i++) {
            File file = new File(arguments[i]);
            try {
                System.out.println(file.getName() + " OK " + judge(file, root, issuing));
            } catch (Exception error) {
                System.out.println(file.getName() + " NO " + String.valueOf(error.getMessage()).replace('\n', ' '));
            }
        }
    }
}
