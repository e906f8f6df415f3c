// The verification report in plain words: who signed, is it whole, was the certificate good, who says so.
import { facts, h, icon } from "./dom.js";
import { day, moment } from "./format.js";
import { t, tOr } from "./i18n.js";

function revocation(signer) {
  const asked = signer.revocation;
  if (!asked) return t("verdict.revocation.not");
  const words = tOr(`verdict.revocation.${asked.status}`, asked.status || "");
  return [words, asked.source && tOr(`verdict.source.${asked.source}`, asked.source), asked.thisUpdate && moment(asked.thisUpdate)].filter(Boolean).join(", ");
}

function signerFacts(signer) {
  return facts([
    [t("verdict.who"), (signer.roles || []).map((role) => tOr(`verdict.role.${role}`, role)).join(", ")],
    [t("verdict.iin"), signer.iin], [t("verdict.bin"), signer.bin],
    [t("verdict.certificate"), signer.notBefore && t("verdict.valid.dates", { from: day(signer.notBefore), to: day(signer.notAfter) })],
    [t("verdict.issuer"), signer.chain?.[0]?.subject], [t("verdict.revocation"), revocation(signer)],
    [t("verdict.algorithm"), [signer.algorithm, signer.level].filter(Boolean).join(" · ")], [t("verdict.serial"), signer.serial && h("span", { class: "mono breaks" }, signer.serial)],
  ]);
}

function part(one) {
  const good = one.valid;
  return h("div", { class: "verdict" }, h("p", { class: `mark big ${good ? "ok" : "over"}` }, icon(good ? "ok" : "over"),
    h("span", {}, t(good ? `verdict.good.${one.part === "transport" ? "transport" : "document"}` : "verdict.bad"))),
  !good && h("p", {}, one.explanation || one.code), h("p", { class: "quiet" }, t("verdict.at", { at: moment(one.at), policy: one.policy || "—" })), (one.signers || []).map(signerFacts));
}

/** report: of the gateway, as it is kept: an object or a list, with parts. */
export function verdictView(report) {
  const reports = Array.isArray(report) ? report : [report];
  const parts = reports.flatMap((one) => one?.parts || (one?.part || one?.signers ? [one] : []));
  return h("div", {}, parts.length ? parts.map(part) : h("p", { class: "quiet" }, t("verdict.none")));
}
