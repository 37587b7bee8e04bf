import { crc32, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import * as z from "zod";
import { call, failure, World } from "./harness.ts";

type Part = { readonly name: string; readonly text: string; readonly stored?: boolean };

/** A ZIP archive of these files. */
function zip(parts: readonly Part[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, text, stored = false } of parts) {
    const [raw, title] = [Buffer.from(text), Buffer.from(name)];
    const data = stored ? raw : deflateRawSync(raw);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(raw), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(raw.length, 18);
    common.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, title, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\0"), common, tail, title]));
    locals.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006");
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

const STYLES = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-409]d\\-mmm\\-yy;@"/><numFmt numFmtId="165" formatCode="&quot;days &quot;0.0"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="20"/></cellXfs></styleSheet>`;
const STRINGS = `<sst><si><t>item</t></si><si><r><t>Screw &amp; </t></r><r><t>nut</t></r><rPh><t>x</t></rPh></si><si><t xml:space="preserve">Caf&#233; "B"</t></si></sst>`;
const SALES = `<?xml version="1.0"?><worksheet><!-- <c> --><sheetData>
<row r="1"><c r="B1" t="inlineStr"><is><t>Sales 2024</t></is></c></row>
<row r="3"><c r="B3" t="s"><v>0</v></c><c r="C3" t="str"><v>sold</v></c><c r="D3" t="inlineStr"><is><t>at</t></is></c><c r="E3" t="str"><v>amount</v></c><c r="F3" t="str"><v>paid</v></c></row>
<row r="4"><c r="B4" t="s"><v>1</v></c><c r="C4" s="1"><v>45351</v></c><c r="D4" s="4"><v>0.75</v></c><c r="E4" s="3"><f>1+1</f><v>2.5</v></c><c r="F4" t="b"><v>1</v></c></row>
<row r="5"><c r="B5" t="s"><v>2</v></c><c r="C5" s="2"><v>45352.5</v></c><c r="E5"><v>1E3</v></c><c r="F5" t="b"><v>0</v></c></row>
<row r="6"><c r="B6"/><c r="E6" t="e"><v>#N/A</v></c></row></sheetData></worksheet>`;
const EMPTY = "<worksheet><sheetData/></worksheet>";

const book = (sales: string, workbookPr = ""): Buffer =>
  zip([
    {
      name: "xl/workbook.xml",
      text: `<workbook>${workbookPr}<sheets><sheet name="Sales &amp; more" sheetId="1" r:id="rId1"/><sheet name="Empty" sheetId="2" r:id="rId2"/></sheets></workbook>`,
    },
    {
      name: "xl/_rels/workbook.xml.rels",
      text: `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Target="/xl/worksheets/sheet2.xml" Id="rId2"/></Relationships>`,
      stored: true,
    },
    { name: "xl/sharedStrings.xml", text: STRINGS },
    { name: "xl/styles.xml", text: STYLES },
    { name: "xl/worksheets/sheet1.xml", text: sales },
    { name: "xl/worksheets/sheet2.xml", text: EMPTY },
  ]);
const world = (bytes: Buffer) => new World({ "data/t.xlsx": new Uint8Array(bytes) });
const Described = z.looseObject({ columns: z.array(z.looseObject({ name: z.string() })), notes: z.array(z.string()) });
const given = { path: "data/t.xlsx" };

test("a spreadsheet is a table: texts, dates, times, formulas, and titles above it", () => {
  const parsed = call("csv_parser", "parse", given, world(book(SALES))).structured;
  expect(parsed).toMatchObject({
    rows: [
      { item: "Screw & nut", sold: "2024-02-29", at: "18:00:00", amount: 2.5, paid: "true" },
      { item: 'Café "B"', sold: "2024-03-01T12:00:00", at: null, amount: 1000, paid: "false" },
      { item: null, amount: null },
    ],
  });
  const described = Described.parse(call("csv_parser", "describe", given, world(book(SALES))).structured);
  expect(described).toMatchObject({ format: "xlsx", rows: 3 });
  expect(described.columns).toMatchObject([{ type: "text" }, { type: "date" }, {}, { type: "number" }, {}]);
  expect(described.notes).toContain("the sheet 'Sales & more' was read; sheets: Sales & more, Empty");
  expect(described.notes).toContain("1 lines above the table were skipped");
});

test("days are counted from 1904 where the workbook says so", () => {
  const since1904 = book(SALES, '<workbookPr date1904="1"/>');
  expect(call("csv_parser", "parse", given, world(since1904)).text).toContain("2028-03-01");
});

test("many rows come out as they went in", () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `<row><c><v>${index}</v></c><c t="s"><v>1</v></c></row>`);
  const xml = `<worksheet><sheetData><row><c t="str"><v>n</v></c><c t="str"><v>w</v></c></row>${rows.join("")}</sheetData></worksheet>`;
  expect(call("csv_parser", "describe", given, world(book(xml))).structured).toMatchObject({
    rows: 20_000,
    columns: [
      { name: "n", sum: 199_990_000 },
      { name: "w", values: ["Screw & nut"] },
    ],
  });
});

test.for([
  [
    "a sheet that is not there",
    book(SALES),
    { sheet: "Costs" },
    "has no sheet 'Costs'. Its sheets: Sales & more, Empty.",
  ],
  ["an empty sheet", book(SALES), { sheet: "empty" }, "the sheet 'Empty' of data/t.xlsx is empty"],
  ["another archive", zip([{ name: "a.txt", text: "x" }]), {}, "it has no xl/workbook.xml"],
  ["half a file", book(SALES).subarray(0, 400), {}, "its ZIP directory is damaged or encrypted"],
  ["a bomb", book(" ".repeat(90 << 20)), {}, "xl/worksheets/sheet1.xml is damaged or larger than 80 MiB"],
] as const)("%s is refused", ([, bytes, more, wanted]) => {
  expect(failure("csv_parser", "describe", { ...given, ...more }, world(bytes))).toContain(wanted);
});

test("no damage of a spreadsheet makes the parser trap", () => {
  const whole = book(SALES);
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0x5a;
    expect(call("csv_parser", "parse", given, world(damaged)).text).not.toBe("");
  }
});
