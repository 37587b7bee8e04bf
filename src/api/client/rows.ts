import { Download, Events, type Operation, operations } from "../contract/index.ts";
import type { Row } from "./row.ts";

const isList = (output: object): boolean =>
  "shape" in output && typeof output.shape === "object" && output.shape !== null && isPage(output.shape);
const isPage = (shape: object): boolean => "items" in shape && "next" in shape;

/** Returns what a client needs of an operation. */
export function rowOf(operation: Operation): Row {
  const { http, queryNames, retry, output, receives } = operation;
  const { method, path } = http;
  return { http: { method, path }, queryNames, retry, kind: kindOf() };

  function kindOf(): Row["kind"] {
    if (receives.length > 0) return "upload";
    // Compared by what they are and not by name: an operation extends neither.
    if (output === Events) return "events";
    if (output === Download) return "file";
    return isList(output) && queryNames.includes("cursor") ? "list" : "json";
  }
}

/** Rows of all operations, by noun and verb. */
export const rows = (): Readonly<Record<string, Readonly<Record<string, Row>>>> =>
  Object.fromEntries(
    Object.entries(operations).map(([noun, verbs]) => [
      noun,
      Object.fromEntries(
        Object.entries(verbs).flatMap(([verb, each]) => (isOperation(each) ? [[verb, rowOf(each)]] : [])),
      ),
    ]),
  );

const isOperation = (value: unknown): value is Operation =>
  typeof value === "object" && value !== null && "http" in value && "queryNames" in value;
