// NCALayer, the program of НУЦ РК on this computer that holds the conversation with the person's key.
//
// The new module (basics) is tried first, then the old one (commonUtils): offices have both. Nothing here has a time limit while the person chooses a key.

const CONNECT_MS = 4000;
const STORAGES = ["PKCS12", "AKKaztokenStore", "AKKZIDCardStore", "AKEToken72KStore", "AKEToken5110Store", "AKJaCartaStore", "AKAKEYStore", "JKS"];
const EKU = { sign: "1.3.6.1.5.5.7.3.4", auth: "1.3.6.1.5.5.7.3.2" };

/** kind: absent (nothing listens), cancelled (by the person), lost (ended meanwhile), refused (NCALayer says why). */
export class NCALayerError extends Error {
  constructor(kind, detail = "") {
    super(detail || kind);
    this.kind = kind;
    this.detail = detail;
  }
}

class Channel {
  constructor(socket) {
    this.socket = socket;
    this.waiting = null;
    socket.onmessage = ({ data }) => this.settle("resolve", data);
    socket.onclose = socket.onerror = () => this.settle("reject", new NCALayerError("lost"));
  }

  settle(how, value) {
    const waiting = this.waiting;
    this.waiting = null;
    if (waiting) waiting[how](value);
  }

  next() {
    return new Promise((resolve, reject) => { this.waiting = { resolve, reject }; });
  }

  async ask(request) {
    const answer = this.next();
    this.socket.send(JSON.stringify(request));
    try {
      return JSON.parse(await answer);
    } catch (error) {
      throw error instanceof NCALayerError ? error : new NCALayerError("lost");
    }
  }
}

/** Connected, and greeted: the first message is NCALayer's version. */
function connect(url) {
  return new Promise((resolve, reject) => {
    let socket;
    const absent = () => reject(new NCALayerError("absent"));
    try {
      socket = new WebSocket(url);
    } catch {
      absent();
      return;
    }
    const timer = setTimeout(() => { absent(); socket.close(); }, CONNECT_MS);
    socket.onerror = socket.onclose = () => { clearTimeout(timer); absent(); };
    socket.onmessage = () => { clearTimeout(timer); resolve(new Channel(socket)); };
  });
}

const isCancel = (answer) => /cancel/i.test(answer?.message || "") || (answer?.status === true && !answer.body?.result);

async function signBasics(channel, { form, data, use, locale }) {
  const cms = form === "cms";
  const answer = await channel.ask({ module: "kz.gov.pki.knca.basics", method: "sign", args: {
    allowedStorages: STORAGES, format: form, data, locale,
    signingParams: cms ? { decode: true, encapsulate: true, digested: false, tsaProfile: null } : { decode: false, encapsulate: true, digested: false, tsaProfile: null },
    signerParams: { extKeyUsageOids: [EKU[use]], chain: [] } } });
  if (isCancel(answer)) throw new NCALayerError("cancelled");
  const result = answer?.body?.result;
  if (answer?.status === true && result) return Array.isArray(result) ? result[0] : result;
  return { unknown: /module|not.?found|unknown/i.test(`${answer?.code} ${answer?.message}`), message: answer?.message };
}

async function signCommon(channel, { form, data, use }) {
  const type = use === "auth" ? "AUTHENTICATION" : "SIGNATURE";
  const tokens = await channel.ask({ module: "kz.gov.pki.knca.commonUtils", method: "getActiveTokens" });
  const storage = tokens?.responseObject?.[0] || "PKCS12";
  const call = form === "cms" ? ["createCAdESFromBase64", [storage, type, data, true]] : ["signXml", [storage, type, data, "", ""]];
  const answer = await channel.ask({ module: "kz.gov.pki.knca.commonUtils", method: call[0], args: call[1] });
  if (isCancel(answer)) throw new NCALayerError("cancelled");
  if (answer?.code !== "200" || typeof answer.responseObject !== "string") throw new NCALayerError("refused", answer?.message || "");
  return answer.responseObject;
}

/** Signs XML (text) or any bytes (base64, form "cms"). use: "sign", or "auth" to log in. */
export async function sign(url, request) {
  const channel = await connect(url);
  try {
    const signed = await signBasics(channel, request);
    if (typeof signed === "string") return signed;
    if (!signed.unknown) throw new NCALayerError("refused", signed.message || "");
    return await signCommon(channel, request);
  } finally {
    channel.socket.onclose = null;
    channel.socket.close();
  }
}
