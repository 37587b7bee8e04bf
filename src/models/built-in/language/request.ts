import { extract, type Extracts, type Span } from "./extract.ts";
import { questionsIn } from "./questions.ts";
import { AGGREGATE_WORDS, superlative } from "./vocabulary.ts";
import { type Word, wordsOf } from "./words.ts";

/** A request as parsed without knowledge of files or schemas. */
export type Request = {
  readonly text: string;
  readonly words: readonly Word[];
  /** Questions about tables, each as its words, without those about a chart. */
  readonly questions: readonly (readonly Word[])[];
  /** Tables and documents to work on. */
  readonly files: readonly string[];
  /** Target file of the answer or the chart. */
  readonly outputs: readonly string[];
  readonly directory: string | undefined;
  readonly urls: readonly string[];
  readonly csv: string | undefined;
  readonly quoted: readonly string[];
  readonly chart: ChartKind | undefined;
  /** Whether it has a word for a figure other than a count: a mean, the highest. */
  readonly figures: boolean;
  readonly asks: ReadonlySet<Ask>;
};

export type ChartKind = "any" | "bar" | "line" | "scatter" | "histogram";

export type Ask = "columns" | "rows" | "overview" | "missing" | "list-files" | "read-file";

/** Reads one request text. */
export function understand(text: string): Request {
  const extracts = extract(text);
  const spelt = spellOut(extracts.rest);
  const words = wordsOf(spelt).slice(0, WORDS_READ);
  const asked = spelt.replaceAll(CHART_PHRASE, (found) => found.replaceAll(/[^\n]/g, "\0"));
  const plain = ` ${words.map(({ lower }) => lower).join(" ")} `;
  const { inputs, outputs } = splitFiles(extracts);
  const chart = chartOf(plain);
  const asks = new Set(ASKS.flatMap(([ask, pattern]) => (pattern.test(plain) ? [ask] : [])));
  if (inputs.length > 0 || extracts.csv !== undefined) asks.delete("list-files");
  return {
    text,
    words,
    questions: questionsIn(asked, wordsOf(asked).slice(0, WORDS_READ)),
    files: inputs,
    outputs,
    directory: directoryOf(extracts.rest),
    urls: extracts.urls,
    csv: extracts.csv,
    quoted: extracts.quoted.map((span) => span.text),
    chart,
    figures: words.some(
      ({ lower }, at) =>
        (superlative(lower, words[at - 1]?.lower) !== undefined && words[at - 1]?.lower !== "at") ||
        (Object.hasOwn(AGGREGATE_WORDS, lower) && !/^(?:count|counts|size|n)$/.test(lower)),
    ),
    asks,
  };
}

/** Words that are understood; the request of a run may be a megabyte long. */
const WORDS_READ = 1_000;

/** Signs of comparison and of arithmetic as words, and dates with slashes as one word. */
const spellOut = (text: string) =>
  text
    .replaceAll(/!=|<>|≠/g, " is not ")
    .replaceAll(/>=|≥/g, " at least ")
    .replaceAll(/<=|≤/g, " at most ")
    .replaceAll(/==?/g, " is ")
    .replaceAll(">", " above ")
    .replaceAll("<", " below ")
    .replaceAll(/\b(\d{1,2})\/(\d{1,2})\/(\d{4})\b/g, "$1-$2-$3")
    .replaceAll(/\bwhat should (?:I|we) look at(?: first)?\b/gi, "describe the file")
    .replaceAll(/\byears? old\b/gi, "years")
    .replaceAll(/\bper capita\b/gi, "percapita")
    .replaceAll(/ (?:per|a|each) night\b|\bnightly (?=price)/gi, "")
    .replaceAll(/\bsquare (f(?:ee|oo)t|met(?:er|re)s?)\b/gi, (_, unit: string) => (/^f/i.test(unit) ? "sqft" : "sqm"))
    .replaceAll(/\b(km|m|mi)\/(h|s)\b/g, "$1$2")
    .replaceAll(/[$€£]\s?(\d+(?:[.,]\d+)*)\s?(k|m|bn|thousand|million|billion)?\b/gi, "$1 $2 dollars ")
    .replaceAll(/\b(best|top|worst|highest|lowest|most|least)-(?=\p{L})/giu, "$1 ")
    .replaceAll(/\b(second|third|fourth|fifth)-(?=\w)/gi, "$1 ")
    .replaceAll(SORTED, " ")
    .replaceAll(/\bnon-(?=\p{L})/giu, "non ")
    .replaceAll(/\s[*×]\s/g, " times ")
    .replaceAll(/\s[/÷]\s/g, " divided by ")
    .replaceAll(/\s\+\s/g, " plus ")
    .replaceAll(/\s[-−]\s(?=\p{L})/gu, " minus ")
    .replaceAll(/(?<=\d)\s?%/g, " percent")
    .replaceAll(/(?<=^|\s)%/g, " percentage ");

/** The order of the groups of an answer, which are in order anyway. */
const SORTED =
  /,?\s*\b(?:sorted|ordered|ranked)?\s*(?:from (?:the )?(?:highest|largest|longest|biggest|most|best) to (?:the )?(?:lowest|smallest|shortest|least|worst)|in (?:descending|decreasing) order|(?:sorted|ordered) descending)\b/gi;

/** The words of a request that ask for a chart. */
const CHART_PHRASE =
  /\b(?:(?:draw|plot|show|make|create|give|generate|produce|display|and|as|with|in|visuali[sz]e|graph|chart|sketch|no|without|also|please|then)\s+)*(?:me\s+|us\s+)?(?:(?:it|that|this|them|the results?)\s+)?(?:as\s+|in\s+|on\s+)?(?:(?:an?|the|some|any)\s+)?(?:(?:bar|line|column|pie|scatter|time series|simple|nice|donut)[\s-]+)*(?:charts?|plots?|graphs?|diagrams?|histograms?|scatter\s?plots?|visuali[sz]ations?)\b(?:\s+(?:of|for|showing|that shows))?|\b(?:plot|draw|graph|chart|visuali[sz]e|sketch)\b(?:\s+(?:it|that|this))?/gi;

/** Files to read and files to write; one that is attached is known by its whole path. */
function splitFiles({ files, attached, rest }: Extracts) {
  const whole = (name: string) => attached.find((path) => path === name || path.endsWith(`/${name}`)) ?? name;
  const isOutput = ({ text, start }: Span) => {
    const before = rest.slice(Math.max(0, start - SENTENCE_CHARS_MAX), start);
    return WRITTEN_TO.test(before) || (MADE_AS.test(before) && !/\.(?:csv|tsv|xlsx?|db|sqlite)$/i.test(text));
  };
  const inputs = new Set([...files.filter((file) => !isOutput(file)).map((span) => whole(span.text)), ...attached]);
  const outputs = new Set(files.filter(isOutput).map((span) => whole(span.text)));
  // A file that is read is never written over.
  return { inputs: [...inputs], outputs: [...outputs.difference(inputs)] };
}

const SENTENCE_CHARS_MAX = 300;

/** Words before a target file: a verb of writing in the same sentence, and a preposition of direction. */
const WRITTEN_TO =
  /\b(?:(?:write|save|export|put)\b[^.!?\n]*\b(?:to|into|as|called|named)|(?:save|put)\b[^.!?\n]*\bin)(?:\s+(?:the|a))?(?:\s+file)?\s*$/i;
/** Verbs that can as well be about a table, so that they make no table an output. */
const MADE_AS =
  /\b(?:create|make|generate|produce|draw|plot|output)\b[^.!?\n]*\b(?:to|into|as|called|named)(?:\s+(?:the|a))?(?:\s+file)?\s*$/i;

const ASKS: readonly (readonly [Ask, RegExp])[] = [
  [
    "columns",
    / (?:what|which|list|show|name|names of|all) (?:\w+ ){0,3}(?:columns?|fields?|variables?|attributes?|headers?)(?! (?:has|have|is|are with)) /,
  ],
  ["columns", / (?:columns?|fields?|variables?) (?:are there|does|do|names|in|are in|available) /],
  [
    "rows",
    / (?:how many|number of|count(?: of)?(?: the)?) (?:\w+ )?(?:rows?|records?|lines?|entries|observations?|data points?) /,
  ],
  ["rows", / how (?:big|large|long) is (?:the|this) (?:file|table|data|dataset|csv) /],
  ["rows", / how many (?:columns|fields|variables) /],
  ["columns", / how many (?:columns|fields|variables) /],
  ["overview", / (?:describe|overview|summari[sz]e|summary|explore|profile|analy[sz]e|inspect|understand|explain) /],
  ["overview", / (?:what is|what's|whats|look) (?:in|inside|at) (?:the |this )?(?:file|data|dataset|table|csv) /],
  ["overview", / (?:does|do) (?:\w+ ){0,4}(?:contain|hold|include)|contents? of /],
  ["overview", / (?:what is|what's|whats|tell me about) (?:this|the) (?:file|data|dataset|table|csv) /],
  ["missing", / (?:missing|empty|blank|null|nulls|incomplete|nan) /],
  ["list-files", / (?:list|show|what|which|see|find) (?:\w+ ){0,3}(?:files|folders?|director(?:y|ies)|documents) /],
  ["list-files", / (?:files|documents) (?:are|do you|in the|exist) /],
  ["read-file", / (?:read|open|print|cat|show|display|contents? of|what does) /],
];

const CHART_KINDS: readonly (readonly [ChartKind, RegExp])[] = [
  ["histogram", / histograms? /],
  ["scatter", / (?:scatter\w*|xy plot|dot plot) /],
  ["line", / (?:line|time series|trend) (?:chart|graph|plot|diagram)s? /],
  ["line", / (?:chart|graph|plot|draw) (?:\w+ ){0,4}(?:as )?(?:a )?lines? /],
  ["bar", / (?:bar|column|bars|pie|donut) (?:chart|graph|plot|diagram)?s? ?/],
];
const NO_CHART = / (?:no|without|not) (?:a |any )?(?:charts?|plots?|graphs?|diagrams?) /;
const CHART =
  / (?:charts?|plots?|plotted|graphs?|diagrams?|visuali[sz]e|visuali[sz]ations?|draw|sketch|histograms?|scatter\w*) /;

function chartOf(plain: string): ChartKind | undefined {
  if (NO_CHART.test(plain) || !CHART.test(plain) || / draw (?:any )?conclusions? /.test(plain)) return undefined;
  return CHART_KINDS.find(([, pattern]) => pattern.test(plain))?.[0] ?? "any";
}

/** The directory of "in data/", "in the folder reports" and "files in data"; without its closing slash. */
function directoryOf(rest: string): string | undefined {
  const found =
    /\b(?:in|inside|under|of|from)\s+(?:the\s+)?(?:folder|directory)\s+["'`]?([\w.~/-]+)/i.exec(rest) ??
    /\b(?:in|inside|under|of|from)\s+(?:the\s+)?["'`]?([\w.~/-]+?)["'`]?\s+(?:folder|directory)\b/i.exec(rest) ??
    /(?:^|\s)["'`]?((?:[\w.~-]+\/)+)["'`]?(?=\s|[.,;:?!]|$)/.exec(rest) ??
    /\bfiles\s+(?:are\s+)?(?:in|inside|under)\s+(?:the\s+)?["'`]?([\w.~/-]+)/i.exec(rest);
  const path = found?.[1]?.replace(/[/.]+$/, "");
  return path === undefined || path === "" ? undefined : path;
}
