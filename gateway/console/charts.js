// Small charts as inline drawings, each with its numbers in a table for whoever does not see it.
import { h } from "./dom.js";
import { t } from "./i18n.js";

const WIDTH = 560, HEIGHT = 160, LEFT = 44, BOTTOM = 24, TOP = 10;

/** The smallest round number that holds the value, and whose half is whole. */
const niceTop = (value) => {
  if (value <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 10].map((step) => step * power).find((step) => step >= value);
};

/** points: [[label, value]…], from the oldest to the newest. form: "bars" or "line". */
export function chart(title, points, format, form = "bars") {
  const top = niceTop(Math.max(...points.map(([, value]) => value), 0)), inner = WIDTH - LEFT - 8, step = inner / Math.max(points.length, 1);
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top), x = (at) => LEFT + step * (at + 0.5);
  const grid = [0, 0.5, 1].map((part) => h("g", {}, h("line", { x1: LEFT, x2: WIDTH - 8, y1: y(top * part), y2: y(top * part), class: "grid" }),
    h("text", { x: LEFT - 6, y: y(top * part) + 4, class: "axis end-anchor" }, format(top * part))));
  const marks = form === "bars" ? points.map(([, value], at) => h("rect", { x: x(at) - step * 0.36, y: y(value), width: step * 0.72, height: Math.max(0, HEIGHT - BOTTOM - y(value)), rx: 2, class: "bar" }))
    : [h("polyline", { points: points.map(([, value], at) => `${x(at)},${y(value)}`).join(" "), class: "line" })];
  const every = Math.max(1, Math.ceil(points.length / 8));
  const labels = points.map(([label], at) => at % every === 0 && h("text", { x: x(at), y: HEIGHT - 6, class: "axis middle-anchor" }, label));
  return h("figure", { class: "chart" }, h("figcaption", {}, title), h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", focusable: "false" }, grid, marks, labels),
    h("details", {}, h("summary", {}, t("chart.numbers")), h("table", { class: "plain" }, h("caption", { class: "hidden-text" }, title),
      h("tbody", {}, points.map(([label, value]) => h("tr", {}, h("th", { scope: "row" }, label), h("td", { class: "number" }, format(value))))))));
}
