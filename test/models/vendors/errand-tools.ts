import * as z from "zod";
import type { JsonObject } from "../../../src/kernel/json.ts";
import type { TestTool } from "./parser-tools.ts";
import { SAMPLES } from "./tables.ts";
import { ToolFailure } from "./tabular.ts";

const tool = (name: string, description: string, properties: JsonObject, run: TestTool["run"]): TestTool => ({
  name,
  description,
  inputSchema: { type: "object", properties, required: Object.keys(properties) },
  run,
});
const text = (description: string): JsonObject => ({ type: "string", description });

const listTool = tool(
  "file_system__list_directory",
  "Lists the files in a directory.",
  { path: text("Directory.") },
  (input) => {
    const { path } = z.strictObject({ path: z.string() }).parse(input);
    if (path !== "data" && path !== ".") throw new ToolFailure(`'${path}' is not granted to this tool`);
    const entries = path === "data" ? ["notes.md", "2024"] : Object.keys(SAMPLES);
    return { text: entries.join("\n"), structured: { entries: entries.map((name) => ({ name })) } };
  },
);
const readTool = tool("file_system__read_file", "Reads a text file.", { path: text("File.") }, (input) => {
  const { path } = z.strictObject({ path: z.string() }).parse(input);
  if (path !== "data/notes.md") throw new ToolFailure(`there is no file '${path}'`);
  return { text: "# Notes\nBuy more bolts.", structured: undefined };
});
const writeTool = tool(
  "file_system__write_file",
  "Writes a text file.",
  { path: text("File."), content: text("What to write.") },
  (input) => {
    const { path, content } = z.strictObject({ path: z.string(), content: z.string() }).parse(input);
    return { text: `wrote ${content.length} characters`, structured: { path, chars: content.length } };
  },
);
const deleteTool = tool("file_system__delete_file", "Deletes a file.", { path: text("File.") }, () => ({
  text: "gone",
  structured: undefined,
}));
const fetchTool = tool("http_client__get", "Fetches a web page.", { url: text("Address.") }, (input) => {
  const { url } = z.strictObject({ url: z.string() }).parse(input);
  return { text: `200 OK from ${url}`, structured: { status: 200 } };
});
const calculatorTool = tool(
  "calculator__evaluate",
  "Evaluates arithmetic.",
  { expression: text("Formula.") },
  (input) => {
    const { expression } = z.strictObject({ expression: z.string() }).parse(input);
    return { text: `value of ${expression}`, structured: undefined };
  },
);
const weatherTool = tool(
  "weather__forecast",
  "Forecast of the weather in a city.",
  { city: text("Name.") },
  (input) => {
    const { city } = z.strictObject({ city: z.string() }).parse(input);
    return { text: `rain in ${city}`, structured: undefined };
  },
);
const date = { type: "string", format: "date" };
const daysTool = tool("date_time__difference", "Days between two dates.", { from: date, to: date }, (input) => {
  const { from, to } = z.strictObject({ from: z.iso.date(), to: z.iso.date() }).parse(input);
  return { text: `from ${from} to ${to}`, structured: undefined };
});

/** Tools for everything but tables, without hints in their schemas. */
export const ERRAND_TOOLS: readonly TestTool[] = [
  listTool,
  readTool,
  writeTool,
  deleteTool,
  fetchTool,
  calculatorTool,
  weatherTool,
  daysTool,
];
