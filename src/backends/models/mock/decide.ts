import type { JsonObject } from "../../../kernel/json.ts";
import type { ModelMessage, ModelRequest } from "../../../runs/index.ts";
import type { Section } from "./bench.ts";
import { type Source, sourceName } from "./fill.ts";
import { Ledger } from "./ledger.ts";
import { type Request, understand } from "./request.ts";
import { tableSection } from "./table-answer.ts";
import { type Toolbox, toolboxOf } from "./toolbox.ts";

/** One turn of the model: what it says, and the calls it asks for; no calls means the answer is complete. */
export type Decision = { readonly text: string; readonly calls: readonly PlannedCall[] };
export type PlannedCall = { readonly name: string; readonly arguments: JsonObject };

/** What every answer of the built-in model ends with. */
export const SIGNATURE =
  "— answered by Caxton's built-in rule-based model; set OPENAI_API_KEY or [llm] to use a language model";

/** The next turn for a request; the same request always gets the same turn. */
export function decide({ messages, tools }: ModelRequest): Decision {
  const request = understand(latestRequest(messages));
  const ledger = new Ledger(messages);
  const sections = answer(request, toolboxOf(tools), ledger);
  const { wanted } = ledger;
  if (wanted.length > 0) {
    return {
      text: [...new Set(wanted.map(({ why }) => why))].join(" "),
      calls: wanted.map(({ name, arguments: input }) => ({ name, arguments: input })),
    };
  }
  return { text: `${sections.map(sectionText).join("\n\n")}\n\n${SIGNATURE}`, calls: [] };
}

const latestRequest = (messages: readonly ModelMessage[]) => {
  const latest = messages.findLast((message) => message.role === "user");
  return latest?.role === "user" ? latest.text : "";
};

function answer(request: Request, toolbox: Toolbox, ledger: Ledger): readonly Section[] {
  const sources = sourcesOf(request);
  const parts = sources.map((source) => ({ source, part: tableSection(request, toolbox, ledger, source) }));
  return parts.flatMap(({ source, part }) => {
    if (part === undefined) return [];
    return [parts.length > 1 ? { ...part, text: [`**${sourceName(source)}**`, ...part.text] } : part];
  });
}

const sourcesOf = ({ files, csv }: Request): readonly Source[] => [
  ...files.map((path): Source => ({ type: "file", path })),
  ...(csv === undefined ? [] : [{ type: "text", text: csv } as const]),
];

const sectionText = ({ text, caveats }: Section): string =>
  [...text, ...(caveats.length === 0 ? [] : [caveats.join(" ")])].join("\n\n");
