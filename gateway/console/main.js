// Starts the console: who is here, which page the address names, and what happens when the session ends.
import { ApiError, useSession } from "./api.js";
import { fill, h, icon, speak, toast } from "./dom.js";
import { frontPage } from "./front.js";
import { drawFrame, isWorker } from "./frame.js";
import { t } from "./i18n.js";
import { inboxPage } from "./inbox.js";
import { listenForKeys, showKeys, usePageKeys } from "./keys.js";
import { currentSession, loginPage, signOut } from "./login.js";
import { operatorPage } from "./operator.js";
import { registersPage } from "./registers.js";
import { requestPage } from "./request.js";
import { useNCALayer } from "./signing.js";

const main = document.getElementById("main");
let session = null;
let endPage = null; // stops what the page shown has running
let lostReason = null;

/** Each page: (main, context, rest of the address) → a function that ends it, or nothing. */
const pages = { inbox: inboxPage, request: requestPage, new: frontPage, registers: registersPage, operator: operatorPage };

const address = () => decodeURIComponent(location.hash.replace(/^#\/?/, "")).split("/");
const firstPage = () => (isWorker(session) || !session.operator ? "inbox" : "operator");

function leavePage() {
  endPage?.();
  endPage = null;
  usePageKeys({});
}

function showError(error) {
  fill(main, h("div", { class: "page narrow" }, h("div", { class: "notice over", role: "alert" }, icon("over"), h("div", {}, h("p", { class: "strong" }, error.message),
    error instanceof ApiError && error.advice && h("p", {}, error.advice), h("p", {}, h("a", { href: "#/inbox" }, t("nav.inbox")))))));
}

function showLogin() {
  const before = session;
  leavePage();
  session = null;
  useSession(null);
  draw("login");
  document.title = t("login.title");
  loginPage(main, lostReason, enter);
  if (before) main.focus(); // what had the focus is gone; a page just loaded begins at its top
}

function draw(here) {
  drawFrame({ session, here: here === "request" ? "inbox" : here, changedLanguage: show, help: showKeys, leave });
}

async function show() {
  if (!session) {
    showLogin();
    return;
  }
  leavePage();
  const [name, ...rest] = address();
  const page = pages[name] ? name : firstPage();
  draw(page);
  document.title = `${t(`title.${page}`)} · ${t("product")}`;
  try {
    endPage = await pages[page](main, { session, show, draw }, rest) || null;
  } catch (error) {
    if (error.status !== 401) showError(error);
  }
}

function enter(found) {
  session = found;
  lostReason = null;
  useSession(session, (error) => { lostReason = error.message; showLogin(); });
  show();
  speak(t("login.welcome"));
}

async function leave() {
  try {
    await signOut();
  } catch (error) {
    if (error.status !== 401) {
      toast(error.message, "bad");
      return;
    }
  }
  lostReason = null;
  showLogin();
}

async function start() {
  try {
    const answer = await fetch("/console/config.json");
    useNCALayer((await answer.json()).ncalayer);
  } catch {
    // the usual address is used
  }
  listenForKeys({ "?": showKeys, "g i": () => { location.hash = "#/inbox"; }, "g n": () => { location.hash = "#/new"; } });
  window.addEventListener("hashchange", () => { show(); window.scrollTo(0, 0); });
  try {
    enter(await currentSession());
  } catch (error) {
    if (error.status !== 401) lostReason = error.message;
    showLogin();
  }
}

start();
