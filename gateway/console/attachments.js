// What came with an application. Pictures are painted on a canvas, texts shown as text; everything else is only taken out as a file. Nothing of it can run.
import { ask } from "./api.js";
import { button, dialog, download, fill, h, icon, toast } from "./dom.js";
import { size } from "./format.js";
import { t } from "./i18n.js";

const PICTURES = ["image/png", "image/jpeg"];
const TEXTS = ["text/plain", "application/xml", "text/xml", "application/json"];
const TEXT_MAX = 200000;
const SIDE_MAX = 1600;

async function picture(blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, SIDE_MAX / Math.max(bitmap.width, bitmap.height));
  const canvas = h("canvas", { width: Math.max(1, Math.round(bitmap.width * scale)), height: Math.max(1, Math.round(bitmap.height * scale)), role: "img" });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

async function content(blob, type, name) {
  if (PICTURES.includes(type)) {
    const canvas = await picture(blob);
    canvas.setAttribute("aria-label", name);
    return canvas;
  }
  return h("pre", { class: "text", tabindex: "0" }, (await blob.text()).slice(0, TEXT_MAX));
}

const fetched = async (number, attachment) => (await ask("GET", `/inbox/${number}/attachments/${attachment.n}`, { headers: { accept: "*/*" } })).blob();

function show(number, attachment) {
  return dialog(attachment.name, (close) => {
    const place = h("div", { class: "shown" }, h("p", { class: "waiting" }, icon("wait"), t("common.loading")));
    fetched(number, attachment).then((blob) => content(blob, attachment.type, attachment.name)).then((made) => fill(place, made))
      .catch((error) => fill(place, h("div", { class: "notice over", role: "alert" }, icon("over"), h("p", {}, error.status === undefined ? t("attachment.unreadable") : error.message))));
    return h("div", {}, place, h("div", { class: "row end" }, button(t("common.close"), () => close())));
  }, { wide: true });
}

async function take(number, attachment) {
  try {
    download(attachment.name, await fetched(number, attachment), "application/octet-stream");
  } catch (error) {
    toast(error.message, "bad");
  }
}

export function attachmentList(number, attachments) {
  if (!attachments?.length) return h("p", { class: "quiet" }, t("attachment.none"));
  return h("ul", { class: "files" }, attachments.map((one) => h("li", {}, icon("file"),
    h("div", { class: "grow" }, h("span", { class: "strong breaks" }, one.name), h("span", { class: "quiet" }, `${one.type} · ${size(one.size)}`, one.document && ` · ${one.document}`),
      h("span", { class: "quiet mono breaks" }, `SHA-256 ${one.sha256}`)),
    [...PICTURES, ...TEXTS].includes(one.type) && button(t("attachment.show"), () => show(number, one), { "aria-label": `${t("attachment.show")}: ${one.name}` }),
    button(t("attachment.take"), () => take(number, one), { picture: "down", "aria-label": `${t("attachment.take")}: ${one.name}` }))));
}
