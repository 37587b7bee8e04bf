import type { Tool } from "./parameters.ts";
import type { Toolbox } from "./toolbox.ts";
import { listed, type Request } from "./language/index.ts";

const TOOLS_NAMED = 12;

/** Describes what the available tools can do, with two example requests. */
export function abilityText({ all, group, describe, listFiles, fetch, writeFile }: Toolbox, request: Request): string {
  const named = all.slice(0, TOOLS_NAMED).map(({ name }) => name);
  const more = all.length > named.length ? ` (and ${all.length - named.length} more)` : "";
  const examples = [
    ...(group === undefined ? [] : ["Which category in data/products.csv has the highest price? Draw a chart."]),
    ...(describe === undefined ? [] : ["What columns does data/products.csv have?"]),
    ...(listFiles === undefined ? [] : ["List the files in data."]),
    ...(fetch === undefined ? [] : ["Fetch https://example.com/."]),
    ...(writeFile === undefined ? [] : ['Write "hello" to output/hello.txt.']),
    ...all.map(exampleOf),
  ].slice(0, 2);
  return [
    asksForHelp(request)
      ? [...greeting(request), "I work with this agent's tools, by rules and without a language model."].join(" ")
      : `${understoodText(request)} None of my tools fits that by the rules I follow.`,
    `My tools are ${listed(named)}${more}. Requests that would work:`,
    examples.map((example) => `- ${example}`).join("\n"),
  ].join("\n\n");
}

/** A request for a tool that the rules know nothing special about. */
const exampleOf = ({ ownStems, parameters }: Tool): string => {
  const needed = parameters.filter(({ required }) => required).map(({ name }) => `"${name.replaceAll("_", " ")}"`);
  return `Use ${ownStems.join(" ")}${needed.length === 0 ? "" : ` with ${needed.join(" and ")} in quotation marks`}.`;
};

/** An answer without any tool that reads or computes: what was understood, and what is missing. `others` are requests that other agents or the user would answer. */
export function toollessText(request: Request, others: readonly string[]): string {
  const found = [...greeting(request), understoodText(request)].join(" ");
  const unread = request.files.length === 0 ? "" : ` I did not read ${listed(request.files)}.`;
  const needs = "without a language model I can only work through tools";
  const first =
    others.length === 0 ? `This agent has no tools, and ${needs}` : `This agent has no tool for that, and ${needs}`;
  return [
    `${found}${unread}`,
    `${first}: I read files, group and sum up tables, draw charts and write files when the agent lists tools for that. Its instructions need a language model.`,
    ...(others.length === 0 ? [] : [`Requests that would work:\n\n${others.map((each) => `- ${each}`).join("\n")}`]),
  ].join("\n\n");
}

const asksForHelp = (request: Request) =>
  greeting(request).length > 0 || /\b(?:help|what can you|what do you|who are you|how do you)\b/i.test(request.text);

/** A greeting back, by name when there is one. */
function greeting({ text }: Request): readonly string[] {
  if (!/^\W*(?:hello|hi|hey|good (?:morning|day|afternoon|evening)|greetings)\b/i.test(text)) return [];
  const name = /\b(?:i am|i'm|my name is|this is)\s+(\p{Lu}[\p{L}'-]{0,40})/iu.exec(text)?.[1];
  return [name === undefined ? "Hello!" : `Hello ${name}!`];
}

/** The request as the rules understood it. */
function understoodText({ files, urls, csv, chart, figures, outputs }: Request): string {
  const parts = [
    ...(files.length > 0 ? [`the ${files.length === 1 ? "file" : "files"} ${listed(files)}`] : []),
    ...(urls.length > 0 ? [`the address ${listed(urls)}`] : []),
    ...(csv === undefined ? [] : [`a table of ${csv.trim().split("\n").length - 1} rows in your message`]),
    ...(figures ? ["a question for figures"] : []),
    ...(chart === undefined ? [] : [chart === "any" ? "a chart" : `a ${chart} chart`]),
    ...(outputs.length === 0 ? [] : [`a result in ${listed(outputs)}`]),
  ];
  if (parts.length === 0) return "I found no file, address, table or calculation in your request.";
  return `In your request I found ${listed(parts)}.`;
}
