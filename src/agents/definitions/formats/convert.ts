import { writeFrontMatter, writeToml, type Data, type Problem } from "../../../text/documents/index.ts";
import { DefinitionFile } from "./definition-file.ts";
import { bodyText, type Draft } from "./draft.ts";
import { draftOf, formatOf, readDefinition, type DefinitionFormat } from "../reading.ts";

export type Converted =
  | {
      readonly type: "converted";
      readonly text: string;
      readonly format: DefinitionFormat;
      /** Warnings about the source: what was left out or defaulted. Comments are never carried over. */
      readonly problems: readonly Problem[];
    }
  | { readonly type: "invalid"; readonly problems: readonly Problem[] };

/** The same agent in the other format: TOML from Markdown or YAML, Markdown from TOML. Prompts stay as they are, to the character. */
export function convertDefinition(source: string, fileName: string): Converted {
  const from = formatOf(source, fileName);
  const reading = readDefinition(source, fileName, { format: from });
  if (reading.type === "invalid") return reading;
  const drafted = draftOf(source, fileName, from);
  if (drafted.type === "malformed") return { type: "invalid", problems: drafted.problems };
  const data = inOrder(drafted.draft);
  const { problems } = reading;
  if (from === "toml") return { type: "converted", text: toMarkdown(data), format: "markdown", problems };
  return { type: "converted", text: writeToml(data), format: "toml", problems };
}

/** Fields in the order in which the schema, and so the documentation, lists them. */
function inOrder({ document: { data } }: Draft): Data {
  const order = Object.keys(DefinitionFile.shape);
  return Object.fromEntries(
    Object.entries(data).toSorted(([left], [right]) => order.indexOf(left) - order.indexOf(right)),
  );
}

/** A body loses the blank lines around it when it is read; text that has some stays in the front matter. */
const fitsBody = (text: unknown): text is string =>
  typeof text === "string" && text !== "" && bodyText(`\n${text}`) === text;

function toMarkdown(data: Data): string {
  const { system_prompt: system, documentation, ...fields } = data;
  const hasDocumentation = typeof documentation === "string" && documentation !== "";
  if (!hasDocumentation && fitsBody(system)) return writeFrontMatter(fields, system);
  if (hasDocumentation && fitsBody(documentation))
    return writeFrontMatter({ ...fields, system_prompt: system }, documentation);
  return writeFrontMatter({ ...fields, system_prompt: system, ...(hasDocumentation && { documentation }) }, "");
}
