import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { call, failure, World } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-charts");

const PENGUINS = readFileSync(join(import.meta.dirname, "../../../examples/data/penguins.csv"));
const world = () => new World({ "penguins.csv": new Uint8Array(PENGUINS) });

type Element = { readonly name: string; readonly attributes: ReadonlyMap<string, string>; readonly depth: number };

/** The elements of an SVG document. Throws where it is not well-formed XML. */
function elementsOf(svg: string): readonly Element[] {
  const found: Element[] = [];
  const open: string[] = [];
  let rest = svg;
  while (rest !== "") {
    const text = /^[^<]+/.exec(rest)?.[0] ?? "";
    if (/&(?!(?:amp|lt|gt|quot|#39);)/.test(text)) throw new Error(`a bare & in ${text.slice(0, 80)}`);
    // oxlint-disable-next-line no-control-regex -- these are the characters that XML forbids
    if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)) throw new Error("a forbidden character");
    if (open.length === 0 && text.trim() !== "") throw new Error(`text outside: ${text}`);
    rest = rest.slice(text.length);
    if (rest === "") break;
    const tag = /^<(\/?)([a-z]+)((?:\s+[A-Za-z-]+="[^"<]*")*)\s*(\/?)>/.exec(rest);
    if (!tag) throw new Error(`not a tag: ${rest.slice(0, 80)}`);
    const [whole, closing, name = "", attributes = "", empty] = tag;
    if (closing) {
      if (open.pop() !== name) throw new Error(`</${name}> closes another element`);
    } else {
      const pairs = [...attributes.matchAll(/([A-Za-z-]+)="([^"]*)"/g)].map(
        ([, key = "", value = ""]) => [key, value] as const,
      );
      if (new Set(pairs.map(([key]) => key)).size !== pairs.length)
        throw new Error(`twice the same attribute: ${attributes}`);
      found.push({ name, attributes: new Map(pairs), depth: open.length });
      if (!empty) open.push(name);
    }
    rest = rest.slice(whole.length);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join()}`);
  return found;
}

/** Draws, checks what every chart must be, and gives the document's elements and texts. */
function draw(tool: string, given: object) {
  const { structured, files, text } = call("chart_generator", tool, given, world());
  const [file, ...more] = files;
  if (!file || more.length > 0) throw new Error("not one file");
  const elements = elementsOf(file.text);
  expect(file).toMatchObject({
    uri: `artifact:///${JSON.stringify(structured["file_name"]).slice(1, -1)}`,
    mimeType: "image/svg+xml",
  });
  expect(elements[0]?.name).toBe("svg");
  expect(elements[0]?.attributes.get("role")).toBe("img");
  expect(elements.slice(1, 3).map(({ name }) => name)).toEqual(["title", "desc"]);
  const names = new Set(elements.map(({ name }) => name));
  for (const unsafe of ["script", "image", "a", "use", "foreignObject"]) expect(names).not.toContain(unsafe);
  expect(file.text).not.toMatch(/NaN|Infinity|inf\b|https?:(?!\/\/www\.w3\.org\/2000\/svg)|url\(|javascript:/);
  return {
    structured,
    text,
    svg: file.text,
    elements,
    count: (name: string) => elements.filter((one) => one.name === name).length,
  };
}

const bars = [
  { label: "Adelie", value: 3700.66 },
  { label: "Chinstrap", value: 3733.09 },
  { label: "Gentoo", value: 5076.02 },
];
const tooltips = (svg: string) => [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, text]) => text);

test("a bar chart has a bar, a label and a value for each item", () => {
  const { structured, svg, text } = draw("bar_chart", {
    data: bars,
    title: "Body mass",
    y_label: "grams",
    x_label: "species",
  });
  expect(structured).toMatchObject({
    kind: "bar",
    marks: 3,
    series: [],
    width: 800,
    height: 480,
    file_name: "body-mass.svg",
  });
  expect(tooltips(svg)).toEqual(["Adelie: 3701", "Chinstrap: 3733", "Gentoo: 5076"]);
  for (const word of ["Body mass", "grams", "species", "Adelie", ">3733<"]) expect(svg).toContain(word);
  expect(text).toBe(
    "Drew Body mass into body-mass.svg: bar chart of 3 bars; highest Gentoo (5076), lowest Adelie (3701).",
  );
});

test("bars of several series stand side by side, with a legend", () => {
  const data = bars.flatMap(({ label, value }) => [
    { label, value, series: "male" },
    { label, value: value / 2, series: "female" },
  ]);
  const { structured, svg, count } = draw("bar_chart", { data });
  expect(structured).toMatchObject({ marks: 6, series: ["male", "female"] });
  expect(svg).toContain(">female</text>");
  // The card and two swatches.
  expect(count("rect")).toBe(3);
});

test("values of the same bar are added up, with a note", () => {
  const { structured } = draw("bar_chart", { data: [...bars, { label: "Adelie", value: 1 }] });
  expect(structured).toMatchObject({
    marks: 3,
    notes: ["1 values came for a bar that had one already and were added to it"],
  });
});

test("a line chart runs over numbers, dates or labels", () => {
  const numbers = draw("line_chart", {
    data: [
      { x: 2009, y: 3 },
      { x: 2007, y: 1 },
      { x: 2008, y: 2 },
    ],
  });
  expect(numbers.structured).toMatchObject({ kind: "line", marks: 3 });
  expect(tooltips(numbers.svg)).toEqual(["2007: 1", "2008: 2", "2009: 3"]);
  const dates = draw("line_chart", {
    data: [
      { x: "2024-03-01", y: 3 },
      { x: "2024-01-01", y: 1 },
    ],
  });
  expect(dates.svg).toContain(">15 Feb</text>");
  const labels = draw("line_chart", {
    data: [
      { x: "Mon", y: 3, series: "a" },
      { x: "Tue", y: 1, series: "b" },
    ],
  });
  expect(labels.structured).toMatchObject({ series: ["a", "b"] });
  expect(labels.svg).toContain(">Tue</text>");
});

test("a scatter plot reads a CSV file and colours by a column", () => {
  const given = { path: "penguins.csv", x: "flipper length mm", y: "body_mass_g", series: "species" };
  const { structured, count, svg } = draw("scatter_plot", given);
  expect(structured).toMatchObject({
    marks: 342,
    series: ["Adelie", "Gentoo", "Chinstrap"],
    notes: ["2 rows without a number in both columns are left out"],
  });
  expect(count("circle")).toBe(342);
  expect(svg).toContain("flipper_length_mm");
});

test("of a large file only every n-th point is drawn, with a note", () => {
  const text = `x,y\n${Array.from({ length: 12_000 }, (_, index) => `${index},${index % 7}`).join("\n")}\n`;
  const { structured } = call(
    "chart_generator",
    "scatter_plot",
    { path: "t.csv", x: "x", y: "y" },
    new World({ "t.csv": text }),
  );
  expect(structured).toMatchObject({ marks: 3_000, notes: ["every 4th of 12000 points is drawn"] });
});

test("a histogram counts every value once", () => {
  const { structured, svg } = draw("histogram", { path: "penguins.csv", column: "body_mass_g" });
  const counts = tooltips(svg).map((text) => Number(text?.split(": ")[1]));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(342);
  expect(structured).toMatchObject({ kind: "histogram", marks: counts.length });
  expect(counts.length).toBeGreaterThan(5);
  const three = draw("histogram", { values: [1, 2, 2, 3, 9], bins: 4 });
  expect(tooltips(three.svg)).toEqual(["1 to 3: 3", "3 to 5: 1", "5 to 7: 0", "7 to 9: 1"]);
});

test("what users write never becomes markup", () => {
  const evil = `<script>alert(1)</script>&"'\u0007]]>`;
  const data = [{ label: evil, value: 1, series: evil }];
  const { svg, structured } = draw("bar_chart", {
    data,
    title: evil,
    x_label: evil,
    y_label: evil,
    file_name: `../../../${evil}.svg`,
  });
  expect(svg).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;\ufffd");
  expect(structured["file_name"]).toMatch(/^[\p{L}\p{N}._-]+\.svg$/u);
});

const value = fc.oneof(
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.double({ noNaN: true, min: -1e298, max: 1e298 }),
  fc.constantFrom(0, 1e298, -1e298, 5e-324, 1e-7),
);
const name = fc.string({ unit: "grapheme", maxLength: 40 });

test("any data makes a well-formed chart with every mark", () => {
  const size = { width: fc.integer({ min: 240, max: 1_200 }), height: fc.integer({ min: 160, max: 900 }) };
  const series = fc.constantFrom("a", "b", "ünïcode <c>");
  fc.assert(
    fc.property(
      fc.array(fc.record({ label: name, value, series }), { minLength: 1, maxLength: 60 }),
      fc.record(size),
      (data, page) => {
        const distinct = new Set(data.map((item) => JSON.stringify([item.label.trim(), item.series])));
        expect(draw("bar_chart", { data, ...page }).structured["marks"]).toBe(distinct.size);
        const points = data.map((item, index) => ({
          x: index % 2 === 0 ? item.value : index,
          y: item.value,
          series: item.series,
        }));
        expect(draw("line_chart", { data: points, ...page }).structured["marks"]).toBe(data.length);
        expect(draw("scatter_plot", { points, ...page }).count("circle")).toBe(data.length);
        const histogram = draw("histogram", { values: data.map((item) => item.value), ...page });
        const counted = tooltips(histogram.svg).map((text) => Number(text?.split(": ")[1]));
        expect(counted.reduce((sum, count) => sum + count, 0)).toBe(data.length);
      },
    ),
    { numRuns: 60 },
  );
});

test.for([
  ["bar_chart", { data: [] }, "'data' is empty: there is nothing to draw."],
  ["bar_chart", { data: [{ label: "a" }] }, "item 1 of 'data' has no number (up to 1e300) as 'value'."],
  ["bar_chart", { data: [{ value: 1 }] }, "item 1 of 'data' has no 'label'."],
  ["bar_chart", { data: bars, width: 10 }, "'width' is 10; it must be from 240 to 2400."],
  [
    "bar_chart",
    { data: Array.from({ length: 5_001 }, (_, at) => ({ label: "x", value: at })) },
    "at most 5000 are drawn",
  ],
  [
    "bar_chart",
    { data: Array.from({ length: 25 }, (_, at) => ({ label: "x", value: at, series: `s${at}` })) },
    "more than 24 series",
  ],
  ["line_chart", { data: [{ y: 1 }] }, "item 1 of 'data' has no 'x'."],
  ["scatter_plot", {}, "give either 'points', or 'path' with the columns 'x' and 'y'."],
  ["scatter_plot", { path: "penguins.csv", x: "year" }, "'y' must name a column of penguins.csv."],
  [
    "scatter_plot",
    { path: "penguins.csv", x: "sex", y: "species" },
    "no row of penguins.csv has numbers in both 'sex' and 'species'.",
  ],
  ["scatter_plot", { path: "penguins.csv", x: "mass", y: "year" }, "Did you mean 'body_mass_g'?"],
  ["histogram", { path: "penguins.csv", column: "island" }, "'island' is not a column of numbers"],
  ["histogram", { values: [] }, "there are no numbers to draw."],
  ["histogram", { values: [1, "2"] }, "'values' must hold numbers (up to 1e300) and nothing else."],
] as const)("%s %j fails with its reason", ([tool, given, wanted]) => {
  expect(failure("chart_generator", tool, given, world())).toContain(wanted);
});

test.for([
  ["days with names", ["Apr 1 2000", "Jan 15 2000", "Feb 1 2000"], [1, 2, 0]],
  ["days with the month first", ["2/14/2024", "12/1/2023", "1/31/2024"], [1, 2, 0]],
  ["quarters", ["2024-Q2", "2023-Q4", "2024-Q1"], [1, 2, 0]],
  ["weeks", ["2024-W18", "2023-W52", "2024-W01"], [1, 2, 0]],
  ["labels, as they are given", ["March", "January", "February"], [0, 1, 2]],
] as const)("a line goes through its points in the order of %s", ([, labels, order]) => {
  const data = labels.map((x, y) => ({ x, y }));
  const [file] = call("chart_generator", "line_chart", { data }).files;
  const titles = [...(file?.text ?? "").matchAll(/<title>([^<]+): \d<\/title>/g)].map(([, title]) => title);
  expect(titles).toEqual(order.map((place) => labels[place]));
});

test("a scatter plot takes arithmetic of a file's columns", () => {
  const table = new World({ "data/t.csv": "a,b\n1,2\n3,4\n" });
  const given = { path: "data/t.csv", x: "a * 2", y: "b / a" };
  expect(call("chart_generator", "scatter_plot", given, table).text).toContain(
    "a * 2 from 2 to 6, b / a from 1.33 to 2",
  );
});
