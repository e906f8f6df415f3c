// Elements. Text always becomes a text node: whatever a name or an attachment holds, it is shown and never run.

/** An element with attributes, listeners ("onclick") and children (elements, texts; null and false are left out). */
export function h(tag, attributes = {}, ...children) {
  const element = tag === "svg" || svgTags.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

const svgTags = new Set(["path", "rect", "circle", "line", "g", "polyline", "text"]);

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Small drawings that repeat in words what colour says. */
const shapes = {
  ok: "M4 10.5 8 14.5 16 5.5", near: "M10 5v6m0 3v.5", over: "M5 5l10 10M15 5 5 15", pen: "M4 16l1-4 8-8 3 3-8 8z", search: "M9 3.5a5.5 5.5 0 1 0 .01 0M13 13l4 4",
  print: "M6 8V3h8v5M5 14H3V8h14v6h-2M6 12h8v5H6z", down: "M10 3v10m-4-4 4 4 4-4M4 17h12", back: "M12 4 6 10l6 6", next: "M8 4l6 6-6 6", lock: "M5 9h10v8H5zM7 9V6a3 3 0 0 1 6 0v3",
  person: "M10 3a3.2 3.2 0 1 0 .01 0M4 17c0-4 3-6 6-6s6 2 6 6", help: "M7 7.5a3 3 0 1 1 4 3c-1 .5-1 1.2-1 2M10 15.5v.5", out: "M8 4H4v12h4M9 10h8m-3-3 3 3-3 3", file: "M5 2.5h7l4 4V17.5H5zM12 2.5V7h4",
  clock: "M10 3a7 7 0 1 0 .01 0M10 6v4l3 2", wait: "M10 4v3m0 6v3M4 10h3m6 0h3",
};

export function icon(name) {
  return h("svg", { viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true", focusable: "false" }, h("path", { d: shapes[name] }));
}

export function button(text, onclick, { kind = "plain", picture = null, ...attributes } = {}) {
  return h("button", { type: "button", class: `button ${kind}`, onclick, ...attributes }, picture && icon(picture), text);
}

let fields = 0;

/** A labelled field; the control's id ties label, hint and error together. */
export function field(label, control, { hint = null, required = false } = {}) {
  const id = control.id || `field-${++fields}`;
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  if (required) control.required = true;
  return h("div", { class: "field" },
    h("label", { for: id }, label, required && h("span", { class: "needed", "aria-hidden": "true" }, " *")), control, hint && h("p", { class: "hint", id: `${id}-hint` }, hint));
}

export function select(options, chosen, attributes = {}) {
  const list = h("select", attributes, options.map(([value, text]) => h("option", { value }, text)));
  list.value = chosen ?? "";
  return list;
}

/** Pairs of name and value; pairs without a value are left out. */
export function facts(pairs, kind = "") {
  const given = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: `facts ${kind}` }, given.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

export function card(title, ...content) {
  const id = `card-${++fields}`;
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), content);
}

/** Said to people who do not see the page. */
export function speak(text) {
  const place = document.getElementById("spoken");
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 50);
}

export function toast(text, kind = "good") {
  const box = h("div", { class: `toast ${kind}` }, icon(kind === "bad" ? "over" : "ok"), h("span", {}, text));
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), kind === "bad" ? 12000 : 6000);
}

/** A modal dialog; resolves when it closes, with what close(value) was given. */
export function dialog(title, build, { wide = false } = {}) {
  return new Promise((resolve) => {
    const id = `dialog-${++fields}`;
    let result = null;
    const box = h("dialog", { class: wide ? "wide" : null, "aria-labelledby": id });
    const close = (value) => { result = value; box.close(); };
    const head = h("h2", { id, tabindex: "-1" }, title);
    box.append(head, build(close));
    box.addEventListener("close", () => { box.remove(); resolve(result); });
    document.body.append(box);
    box.showModal();
    head.focus(); // what is read first; the first button may be far below
    box.scrollTop = 0;
  });
}

export function download(name, bytes, type) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
