import { plainStyle, type Style, type Tone } from "./style.ts";
import { showAge } from "./quantities.ts";
import { oneLine, textWidth, truncate } from "./text.ts";

export type Column<Row> = {
  readonly title: string;
  /** Title of `value` where a terminal shows `short`, if it differs. */
  readonly pipedTitle?: string;
  readonly value: (row: Row) => string;
  /** Shown on a terminal in place of `value`: a shortened id, a relative time. */
  readonly short?: (row: Row) => string;
  readonly align?: "right";
  readonly tone?: (row: Row) => Tone | undefined;
  /** Colours parts of what is shown of it, in place of `tone`. */
  readonly paint?: (row: Row, shown: string, style: Style) => string;
  /** Only with `-o wide`. */
  readonly wide?: true;
  /** May be cut when the terminal is too narrow. */
  readonly shrinks?: true;
};

export type TableOptions = {
  /** Cells across; undefined for a pipe, where nothing is shortened or cut. */
  readonly widthMax: number | undefined;
  readonly wide: boolean;
  readonly style: Style;
};

/** A time: its age on a terminal, else the time itself under a title of its own. */
export const ageColumn = <Row>(pipedTitle: string, at: (row: Row) => string, nowMs: number): Column<Row> => ({
  title: "AGE",
  pipedTitle,
  value: at,
  short: (row) => showAge(Date.parse(at(row)), nowMs),
});

const GAP = 2;
const SHRUNK_WIDTH_MIN = 8;

/** Rows under their titles, one line each, ending in a line feed. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], options: TableOptions): string {
  const isPiped = options.widthMax === undefined;
  const shown = columns
    .filter((column) => options.wide || column.wide !== true)
    .map((column) => (isPiped ? { ...column, title: column.pipedTitle ?? column.title } : column));
  const texts = rows.map((row) => shown.map((column) => cell(column, row, options)));
  const widths = fit(shown, natural(shown, texts), options.widthMax);
  const header = line(
    shown.map((column, index) => place(column.title, widths[index] ?? 0, column.align)),
    (text) => options.style("dim", text),
  );
  const body = rows.map((row, rowIndex) =>
    line(
      shown.map((column, index) => {
        const width = widths[index] ?? 0;
        const text = truncate(texts[rowIndex]?.[index] ?? "", width);
        const padding = " ".repeat(Math.max(0, width - textWidth(text)));
        const toned = coloured(column, row, { text, style: options.style });
        return column.align === "right" ? padding + toned : toned + padding;
      }),
    ),
  );
  return `${[header, ...body].join("\n")}\n`;
}

/** Where something is shown: a terminal is one. */
export type Look = { readonly style: Style; readonly columns: number | undefined };

const PLAIN: Look = { style: plainStyle, columns: undefined };

/** Pairs in two columns, for the details of one object: `Name   planner`. Long values are broken between words. */
export function renderFields(fields: readonly (readonly [string, string])[], look: Look = PLAIN): string {
  const width = Math.max(0, ...fields.map(([label]) => textWidth(label))) + GAP;
  const room = look.columns === undefined ? Number.POSITIVE_INFINITY : Math.max(VALUE_WIDTH_MIN, look.columns - width);
  return fields
    .map(([label, value]) => {
      const [first = "", ...rest] = value.split("\n").flatMap((line) => wrap(line, room));
      const head = look.style("dim", label) + " ".repeat(width - textWidth(label)) + first;
      return [head, ...rest.map((next) => " ".repeat(width) + next)].map((text) => text.trimEnd()).join("\n");
    })
    .map((text) => `${text}\n`)
    .join("");
}

const VALUE_WIDTH_MIN = 20;

/** A line as several of at most `widthMax` cells, broken at blanks; a word that is longer stays whole. */
function wrap(line: string, widthMax: number): string[] {
  if (textWidth(line) <= widthMax) return [line];
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current !== "" && textWidth(longer) > widthMax) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return [...lines, current];
}

function coloured<Row>(
  column: Column<Row>,
  row: Row,
  { text, style }: { readonly text: string; readonly style: Style },
): string {
  if (column.paint) return column.paint(row, text, style);
  const tone = column.tone?.(row);
  return tone === undefined ? text : style(tone, text);
}

const cell = <Row>(column: Column<Row>, row: Row, options: TableOptions): string =>
  oneLine(options.widthMax !== undefined && column.short ? column.short(row) : column.value(row)) || "–";

const natural = (columns: readonly { readonly title: string }[], texts: readonly (readonly string[])[]): number[] =>
  columns.map((column, index) => Math.max(textWidth(column.title), ...texts.map((row) => textWidth(row[index] ?? ""))));

/** Takes from the widest column that shrinks until the table fits or none can give more. */
function fit<Row>(columns: readonly Column<Row>[], widths: readonly number[], widthMax: number | undefined): number[] {
  const fitted = [...widths];
  if (widthMax === undefined) return fitted;
  let excess = fitted.reduce((sum, width) => sum + width, 0) + GAP * (columns.length - 1) - widthMax;
  while (excess > 0) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const width = fitted[index] ?? 0;
      if (column.shrinks && width > SHRUNK_WIDTH_MIN && width > (fitted[widest] ?? 0)) widest = index;
    }
    if (widest === -1) break;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
    excess -= 1;
  }
  return fitted;
}

const place = (text: string, width: number, align: "right" | undefined): string => {
  const padding = " ".repeat(Math.max(0, width - textWidth(text)));
  return align === "right" ? padding + text : text + padding;
};

const line = (cells: readonly string[], finish: (text: string) => string = (text) => text): string =>
  finish(cells.join(" ".repeat(GAP)).trimEnd());
