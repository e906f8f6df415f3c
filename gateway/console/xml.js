// XML without the browser's parser, which this page's policy forbids (Trusted Types): enough to write what is signed and to show what the gateway composed.

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;" };
const entities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export const escape = (text) => String(text).replace(/[&<>"\r]/g, (c) => escapes[c]);

/** <name attributes>…</name>; content: text, or elements already written (an array). Empty and absent content leaves the element out. */
export function element(name, content, attributes = {}) {
  if (content === null || content === undefined || content === "") return "";
  const written = Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined && value !== "").map(([key, value]) => ` ${key}="${escape(value)}"`).join("");
  return `<${name}${written}>${Array.isArray(content) ? content.join("") : escape(content)}</${name}>`;
}

const decode = (text) => text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) =>
  (hex ? String.fromCodePoint(parseInt(hex, 16)) : decimal ? String.fromCodePoint(Number(decimal)) : entities[name] ?? whole));

/** A tree of {name, attributes, children, text}, of well-formed XML without DOCTYPE; prefixes are dropped. Only to be shown. */
export function read(source) {
  const top = { name: "", attributes: {}, children: [], text: "" };
  const path = [top];
  const tokens = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s/>]+)((?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/g;
  for (const [, cdata, closing, name, attributes, empty, text] of source.matchAll(tokens)) {
    const here = path.at(-1);
    if (cdata !== undefined || text !== undefined) here.text += cdata ?? decode(text);
    else if (closing) path.length > 1 && path.pop();
    else if (name) {
      const made = { name: name.replace(/^.*:/, ""), attributes: {}, children: [], text: "" };
      for (const [, key, , double, single] of attributes.matchAll(/([^\s=]+)\s*=\s*("([^"]*)"|'([^']*)')/g)) made.attributes[key] = decode(double ?? single);
      here.children.push(made);
      if (!empty) path.push(made);
    }
  }
  return top.children[0] || top;
}

export const child = (node, name) => node?.children.find((one) => one.name === name);
export const textOf = (node, name) => child(node, name)?.text.trim() || "";
