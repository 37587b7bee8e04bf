import { abilityText } from "../ability.ts";
import { failedSection, failure, joined, type Section, section } from "../bench.ts";
import { isDrawing } from "./chart-answer.ts";
import { entriesOf, listInput, listSection, quoted, readSection, writeSection } from "./file-answer.ts";
import { type Source, sourceName } from "../fill.ts";
import { chooseTool } from "../generic-tool.ts";
import type { Ledger } from "../ledger.ts";
import { withRole } from "../parameters.ts";
import { tableSection } from "./table-answer.ts";
import { takesTable, type Toolbox } from "../toolbox.ts";
import { listed, nameParts, type Request, STOP_WORDS } from "../language/index.ts";

/** The answer to a request as far as results allow; calls that it still needs are in the ledger. */
export function answerRequest(request: Request, toolbox: Toolbox, ledger: Ledger): readonly Section[] {
  const parts = bodyOf(request, toolbox, ledger);
  const output = request.outputs.find((path) => !isDrawing(path));
  if (ledger.wanted.length > 0 || output === undefined) return parts;
  if (joined(parts).type === "failure") return [...parts, failure(`So I wrote nothing to ${output}.`)];
  const text = parts.flatMap((part) => [...part.text, ...part.caveats]).join("\n\n");
  const written = writeSection(ledger, toolbox.writeFile, output, text);
  return written === undefined ? [] : [...parts, written];
}

const TABLE_FILE = /\.(?:csv|tsv|tab|psv|dat|txt)(?:\.gz)?$/i;

function bodyOf(request: Request, toolbox: Toolbox, ledger: Ledger): readonly Section[] {
  const tables = toolbox.describe !== undefined || toolbox.rows !== undefined;
  const sources = sourcesOf(request, toolbox);
  if (tables && sources.length > 0) return tableParts(request, toolbox, ledger, sources);
  if (request.asks.has("list-files") && toolbox.listFiles !== undefined) {
    return present(listSection(ledger, toolbox.listFiles, request.directory));
  }
  if (request.files.length > 0) return fileParts(request, toolbox, ledger);
  const own = request.outputs.length > 0 ? request.quoted.find((text) => !request.outputs.includes(text)) : undefined;
  if (own !== undefined) return [section([own])];
  const chosen = chosenPart(request, toolbox, ledger);
  if (chosen !== "none") return present(chosen);
  if (tables && isAboutData(request)) return discovered(request, toolbox, ledger);
  return [failure(abilityText(toolbox, request))];
}

const present = (part: Section | undefined): readonly Section[] => (part === undefined ? [] : [part]);

/** Files that hold tables; with no tool to read other files, all of them are tried. */
function sourcesOf({ files, csv }: Request, { readFile }: Toolbox): readonly Source[] {
  const tables = files.filter((path) => TABLE_FILE.test(path));
  const tried = tables.length === 0 && csv === undefined && readFile === undefined ? files : tables;
  return [
    ...tried.map((path): Source => ({ type: "file", path })),
    ...(csv === undefined ? [] : [{ type: "text", text: csv } as const]),
  ];
}

/** Returns one part per table. Several parts have headings, because nothing joins the tables. */
function tableParts(
  request: Request,
  toolbox: Toolbox,
  ledger: Ledger,
  sources: readonly Source[],
): readonly Section[] {
  const parts = sources.map((source) => ({ source, part: tableSection(request, toolbox, ledger, source) }));
  return parts.flatMap(({ source, part }) => {
    if (part === undefined) return [];
    return [parts.length > 1 ? { ...part, text: [`**${sourceName(source)}**`, ...part.text] } : part];
  });
}

/** Files that are no tables: a tool for their kind, or their text. */
function fileParts(request: Request, toolbox: Toolbox, ledger: Ledger): readonly Section[] {
  const { readFile } = toolbox;
  const reads = readFile !== undefined && request.asks.has("read-file");
  const chosen = reads ? "none" : chosenPart(request, toolbox, ledger);
  if (chosen !== "none") return present(chosen);
  if (readFile === undefined) return [failure(`None of my tools reads ${listed(request.files)}.`)];
  return request.files.flatMap((path) => present(readSection(ledger, readFile, path)));
}

function chosenPart(request: Request, toolbox: Toolbox, ledger: Ledger): Section | undefined | "none" {
  // No table was named where this is asked: a tool for tables has nothing to read.
  const chosen = chooseTool(
    toolbox.all.filter((tool) => !takesTable(tool)),
    request,
  );
  if (chosen === undefined) return "none";
  const { tool, input } = chosen;
  const outcome = ledger.ask({ name: tool.name, arguments: input, why: `I use the tool ${tool.name}.` });
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  return quoted(`The tool ${tool.name} says:`, outcome.text, outcome.structured);
}

const isAboutData = ({ figures, chart, asks, text }: Request) =>
  figures ||
  chart !== undefined ||
  /\bhow (?:many|often)\b|\bnumber of\b/i.test(text) ||
  asks.has("columns") ||
  asks.has("rows") ||
  asks.has("overview");

/** No file was named: the only table in sight is taken, or the one whose name the request speaks of. */
function discovered(request: Request, toolbox: Toolbox, ledger: Ledger): readonly Section[] {
  const { listFiles } = toolbox;
  const unnamed = [
    section(["Which file do you mean? Name it in your request, such as data/products.csv, or attach it."]),
  ];
  if (listFiles === undefined) return unnamed;
  const input = listInput(listFiles, request.directory);
  const recursive = listFiles.parameters.find(({ name }) => name === "recursive");
  const whole = recursive === undefined ? input : { ...input, [recursive.name]: true };
  const outcome = ledger.ask({ name: listFiles.name, arguments: whole, why: "You named no file, so I look for one." });
  if (outcome === undefined) return [];
  if (outcome.type === "failed") return unnamed;
  const directory =
    typeof input[withRole(listFiles, "directory")?.name ?? ""] === "string" ? request.directory : undefined;
  const tables = entriesOf(outcome.structured)
    .filter((path) => /\.(?:csv|tsv)$/i.test(path))
    .map((path) => (directory === undefined || path.includes("/") ? path : `${directory}/${path}`));
  const [path] = tables.length === 1 ? tables : tables.filter((one) => isSpokenOf(one, request));
  if (path === undefined) {
    return tables.length === 0 ? unnamed : [failure(`Which file do you mean? I see ${listed(tables)}.`)];
  }
  const found = tableSection(request, toolbox, ledger, { type: "file", path });
  return found === undefined ? [] : [{ ...found, caveats: [`You named no file; I took ${path}.`, ...found.caveats] }];
}

/** Whether the request has a word of the file's name. */
const isSpokenOf = (path: string, { words }: Request) => {
  const parts = nameParts((path.split("/").at(-1) ?? "").replace(/\.\w+$/, "")).filter((part) => !STOP_WORDS.has(part));
  return words.some(({ stem }) => parts.includes(stem));
};
