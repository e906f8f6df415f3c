// Transfer registers: packages go from the front office to the provider by a list that both sign for.
import { get, organisations, post } from "./api.js";
import { button, card, fill, h, icon, toast } from "./dom.js";
import { moment } from "./format.js";
import { named, t, tOr } from "./i18n.js";

const listOf = (answer) => answer.items || answer.registers || answer;

/** Does the step that is next hand the package, or the result, over by a register? Not every act wants one. */
function goesByRegister(item, services) {
  const route = services.find((one) => one.code === item.service.code)?.routes?.find((one) => one.kind === item.route);
  return ["TRANSFER", "ACCEPT"].includes(item.step?.act) && route?.steps[item.step.n - 1]?.paper === "TRANSFER_REGISTER";
}

function registerRow(one, changed, session, names) {
  const accept = async () => {
    try {
      await post(`/registers/${one.id}/accept`);
      toast(t("register.accepted"));
      await changed();
    } catch (error) {
      toast(error.message, "bad");
    }
  };
  const toUs = one.to === session.organisation.bin, name = (bin) => named(names.get(bin)) || bin;
  return h("tr", {}, h("td", { class: "mono" }, one.number || one.id), h("td", {}, moment(one.at)), h("td", {}, name(one.from)), h("td", {}, name(one.to)),
    h("td", { class: "number" }, one.count), h("td", {}, one.acceptedAt ? h("span", { class: "mark ok" }, icon("ok"), moment(one.acceptedAt)) : h("span", { class: "mark near" }, icon("near"), t("register.waiting"))),
    h("td", {}, h("div", { class: "row" }, h("a", { class: "button plain", href: one.links?.pdf || `/api/v1/registers/${one.id}.pdf`, target: "_blank", rel: "noopener" }, t("paper.print")),
      !one.acceptedAt && toUs && button(t("register.accept"), accept, { kind: "primary" }))));
}

function makeCard(waiting, changed) {
  const boxes = waiting.map((item) => [h("input", { type: "checkbox", id: `take-${item.number}` }), item]);
  const make = async () => {
    const numbers = boxes.filter(([box]) => box.checked).map(([, item]) => item.number);
    if (!numbers.length) {
      toast(t("register.choose"), "bad");
      return;
    }
    try {
      await post("/registers", { numbers });
      toast(t("register.made"));
      await changed();
    } catch (error) {
      toast(error.message, "bad");
    }
  };
  if (!waiting.length) return card(t("register.make"), h("p", { class: "quiet" }, t("register.none")));
  return card(t("register.make"), h("p", {}, t("register.how")), h("ul", { class: "documents" }, boxes.map(([box, item]) => h("li", {}, h("div", { class: "choice" }, box,
    h("label", { for: box.id }, h("span", { class: "mono" }, item.number), ` ${named(item.service)} `, h("span", { class: "quiet" }, tOr(`route.${item.route}`, item.route))))))),
  h("div", { class: "row" }, button(t("register.make.go"), make, { kind: "primary", picture: "file" })));
}

export async function registersPage(main, { session }) {
  const draw = async () => {
    const [registers, inbox, services, all] = await Promise.all([get("/registers"), get("/inbox?state=open&role=mine&limit=100"), get("/services"), organisations()]);
    const names = new Map(all.map((one) => [one.bin, one])), list = listOf(registers), waiting = inbox.items.filter((item) => goesByRegister(item, services.items));
    fill(main, h("div", { class: "page" }, h("h1", {}, t("title.registers")), h("div", { class: "after-title" }, makeCard(waiting, draw)),
      list.length === 0 ? h("p", { class: "quiet" }, t("register.empty")) : h("div", { class: "table-box alone" }, h("table", { class: "plain" }, h("caption", { class: "hidden-text" }, t("title.registers")),
        h("thead", {}, h("tr", {}, ["number", "at", "from", "to", "entries", "state"].map((name) => h("th", { scope: "col" }, t(`register.column.${name}`))), h("th", { scope: "col" }, h("span", { class: "hidden-text" }, t("register.column.do"))))),
        h("tbody", {}, list.map((one) => registerRow(one, draw, session, names)))))));
  };
  await draw();
}
