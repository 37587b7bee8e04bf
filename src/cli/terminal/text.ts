import { stripVTControlCharacters } from "node:util";

// Everything below a space but tab and line feed, DEL, and the C1 range: what can move a cursor or change a terminal.
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text from elsewhere as a terminal may show it: no escape sequence or control character survives, lines and tabs do. */
export const safeText = (text: string): string =>
  stripVTControlCharacters(text.replaceAll("\r\n", "\n")).replaceAll(CONTROLS, "");

/** The same on one line: runs of blanks become one space. */
export const oneLine = (text: string): string => safeText(text.replaceAll(/\s+/g, " ")).trim();

// Costs 10 ms to make, and most text never needs it.
let segmenter: Intl.Segmenter | undefined;
function* graphemes(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

// Scripts whose characters take two cells, and emoji. Close enough to align a table.
const WIDE =
  /^(?:\p{Extended_Pictographic}\uFE0F|\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6])/u;
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;

const cells = (grapheme: string): number => (WIDE.test(grapheme) ? 2 : 1);

/** Cells a text takes in a terminal; escape sequences take none. */
export function textWidth(text: string): number {
  const visible = stripVTControlCharacters(text);
  if (ASCII.test(visible)) return visible.length;
  let width = 0;
  for (const grapheme of graphemes(visible)) width += cells(grapheme);
  return width;
}

/** `text` cut to at most `widthMax` cells, the last of them an ellipsis when something was cut. `widthMax` at least 1. */
export function truncate(text: string, widthMax: number): string {
  if (textWidth(text) <= widthMax) return text;
  let cut = "";
  let width = 0;
  for (const grapheme of graphemes(text)) {
    if (width + cells(grapheme) > widthMax - 1) break;
    cut += grapheme;
    width += cells(grapheme);
  }
  return `${cut.trimEnd()}…`;
}
