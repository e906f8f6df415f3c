// Signing a document: through NCALayer, or with any other tool by a file that is taken out and brought back.
import { button, dialog, download, fill, h, icon } from "./dom.js";
import { currentLanguage, t } from "./i18n.js";
import { sign } from "./ncalayer.js";

const FILE_MAX = 16 * 1048576;
let address = "wss://127.0.0.1:13579";

export const useNCALayer = (url) => { address = url; };
export const ncalayerPage = () => address.replace(/^wss:/, "https:");

const isXml = (bytes) => {
  const text = new TextDecoder().decode(bytes.slice(0, 200));
  return /^\s*</.test(text.replace(/^\uFEFF/, ""));
};

/** What a file with a signature holds: {xml} or {cms} (bytes: DER, base64 or PEM as the tool wrote it). */
async function readSigned(file) {
  if (file.size === 0 || file.size > FILE_MAX) throw new Error(t("sign.file.size"));
  const bytes = new Uint8Array(await file.arrayBuffer());
  return isXml(bytes) ? { xml: new TextDecoder().decode(bytes) } : { cms: bytes };
}

function absentHelp() {
  return h("div", { class: "notice near" }, icon("near"), h("div", {}, h("p", { class: "strong" }, t("ncalayer.absent")),
    h("ol", {}, h("li", {}, t("ncalayer.absent.1")), h("li", {}, t("ncalayer.absent.2")),
      h("li", {}, t("ncalayer.absent.3"), " ", h("a", { href: ncalayerPage(), target: "_blank", rel: "noopener noreferrer" }, ncalayerPage()))),
    h("p", {}, t("ncalayer.absent.file"))));
}

function problem(error) {
  if (error.kind === "absent") return absentHelp();
  const text = error.kind ? t(`ncalayer.${error.kind}`, { detail: error.detail || "" }) : error.message;
  return h("div", { class: `notice ${error.kind === "cancelled" ? "near" : "over"}`, role: "alert" }, icon(error.kind === "cancelled" ? "near" : "over"), h("p", {}, text));
}

/** The way by file: take the document out, sign it anywhere, bring the result back. */
function fileWay(xml, name, taken) {
  const said = h("div", {});
  const chosen = h("input", { type: "file", id: `signed-${Math.random().toString(36).slice(2)}`, accept: ".xml,.p7s,.p7m,.cms,.sig,.txt", class: "file" });
  chosen.addEventListener("change", async () => {
    if (!chosen.files.length) return;
    try {
      await taken(await readSigned(chosen.files[0]));
    } catch (error) {
      fill(said, problem(error));
    }
    chosen.value = "";
  });
  return h("details", { class: "way" }, h("summary", {}, t("sign.file")),
    h("ol", { class: "ways" },
      h("li", {}, h("p", {}, t("sign.file.1")), button(t("sign.file.take"), () => download(name, xml, "application/xml"), { picture: "down" })),
      h("li", {}, h("p", {}, t("sign.file.2"))),
      h("li", {}, h("label", { for: chosen.id }, t("sign.file.3")), chosen, said)));
}

/** Both ways side by side. done(signed) is asked with {xml} or {cms}; what it throws is shown here. options: use "sign" | "auth", name of the file, label of the button. */
export function signingPanel(getXml, done, { use = "sign", name = "document.xml", label = t("sign.go") } = {}) {
  const said = h("div", { "aria-live": "assertive" });
  const files = h("div", {});
  let busy = false;
  const work = async (task) => {
    if (busy) return;
    busy = true;
    go.disabled = true;
    try {
      await task();
    } catch (error) {
      fill(said, problem(error));
    } finally {
      busy = false;
      go.disabled = false;
    }
  };
  const go = button(label, () => work(async () => {
    fill(said, h("p", { class: "waiting" }, icon("wait"), t("ncalayer.waiting")));
    const xml = await getXml();
    const signed = await sign(address, { form: "xml", data: xml, use, locale: currentLanguage() });
    fill(said);
    await done({ xml: signed });
  }), { kind: "primary large", picture: "lock" });
  // The document may have to be asked for, so it is only when somebody opens this way.
  const opener = h("details", { class: "way" }, h("summary", {}, t("sign.file")));
  opener.addEventListener("toggle", async () => {
    if (!opener.open) return;
    try {
      const way = fileWay(await getXml(), name, (signed) => done(signed));
      way.open = true;
      fill(files, way);
      way.querySelector("button").focus();
    } catch (error) {
      opener.open = false;
      fill(said, problem(error));
    }
  });
  files.append(opener);
  return h("div", { class: "signing" }, go, said, files);
}

/** The panel in a dialog over what is to be signed; true when done. */
export function signingDialog(title, shown, getXml, done, options) {
  return dialog(title, (close) => h("div", {}, shown,
    signingPanel(getXml, async (signed) => { await done(signed); close(true); }, options),
    h("div", { class: "row end" }, button(t("common.cancel"), () => close(false)))), { wide: true });
}
