// Signing in: a challenge of the gateway, signed by the person's EDS.
import { base64, get, post, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { signingPanel } from "./signing.js";

export const currentSession = () => get("/session");
export const signOut = () => remove("/session");

/** CMS as tools write it: DER becomes base64; base64 and PEM stay as they are. */
function asText(cms) {
  return cms[0] === 0x30 ? base64(cms) : new TextDecoder().decode(cms);
}

/** reason: why the page asks again, or null. entered(session) when somebody has come in. */
export function loginPage(main, reason, entered) {
  let challenge = null;
  const fresh = async () => {
    if (!challenge || new Date(challenge.expiresAt) - Date.now() < 15000) challenge = await post("/session/challenge");
    return challenge.xml;
  };
  const finish = async (signed) => {
    const { id } = challenge;
    challenge = null; // good once
    entered(await post("/session", { id, signature: signed.xml ?? asText(signed.cms) }));
  };
  fill(main, h("div", { class: "login" },
    h("div", { class: "login-word" }, h("img", { src: "emblem.svg", alt: "", width: 64, height: 64 }), h("p", { class: "login-name" }, t("product")), h("p", {}, t("login.word")),
      h("ul", { class: "ticks" }, ["1", "2", "3"].map((n) => h("li", {}, icon("ok"), h("span", {}, t(`login.point.${n}`)))))),
    h("section", { class: "card login-card", "aria-labelledby": "login-title" }, h("h1", { id: "login-title" }, t("login.title")),
      reason && h("div", { class: "notice near", role: "alert" }, icon("near"), h("p", {}, reason)),
      h("p", {}, t("login.how")), signingPanel(fresh, finish, { use: "auth", name: "login.xml", label: t("login.go") }), h("p", { class: "hint" }, t("login.note")))));
}
