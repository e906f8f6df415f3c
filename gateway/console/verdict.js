// The verification report in plain words: who signed, is it whole, was the certificate good, who says so.
import { facts, h, icon } from "./dom.js";
import { day, moment } from "./format.js";
import { t, tOr } from "./i18n.js";

function revocation(signer) {
  const asked = signer.revocation;
  if (!asked) return t("verdict.revocation.not");
  return [tOr(`verdict.revocation.${asked.answer}`, asked.answer || ""), asked.source, asked.thisUpdate && moment(asked.thisUpdate)].filter(Boolean).join(", ");
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

/** The report's lists of signers, each by whom: applicantSigners, staffSigners. */
function partsOf(report) {
  const lists = Object.entries(report || {}).filter(([name, list]) => /Signers?$/.test(name) && list).map(([name, list]) => [name.replace(/Signers?$/, ""), Array.isArray(list) ? list : [list]]);
  return report?.signers ? [["applicant", report.signers], ...lists] : lists;
}

/** report: of the gateway, as it was kept when the request came. */
export function verdictView(report) {
  const parts = partsOf(report), good = report?.code === "OK";
  if (!report?.code && !parts.length) return h("p", { class: "quiet" }, t("verdict.none"));
  return h("div", { class: "verdict" }, h("p", { class: `mark big ${good ? "ok" : "over"}` }, icon(good ? "ok" : "over"), h("span", {}, t(good ? "verdict.good" : "verdict.bad"))),
    !good && h("p", {}, report.explanation || report.code), h("p", { class: "quiet" }, t("verdict.at", { at: moment(report.at), policy: report.policy || "—" })),
    parts.map(([name, signers]) => h("div", { class: "signers" }, h("h3", {}, tOr(`verdict.by.${name}`, name)), signers.map(signerFacts))));
}
