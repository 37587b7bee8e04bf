import { readAgentTests } from "../../src/agents/test-files/index.ts";
import { compilePrompt, readDefinition } from "../../src/agents/definitions/index.ts";
import { readEnvelope } from "../../src/api/fipa/envelope.ts";
import { readParts } from "../../src/api/fipa/multipart.ts";
import { readSl } from "../../src/api/fipa/sl.ts";
import { DOCUMENT_LIMITS, nearest } from "../../src/text/documents/index.ts";
import { compileExpression } from "../../src/text/expressions/index.ts";
import { CaxtonError } from "../../src/kernel/errors.ts";
import { isJsonObject, type Json, parseJson, REQUEST_VALUES_MAX } from "../../src/kernel/json.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { AclTextError, readAcl, readMessage } from "../../src/messaging/acl/index.ts";
import { compileRegex } from "../../src/text/regex/index.ts";
import { readMcpJson } from "../../src/server/index.ts";
import { readManifest, schemaCheck } from "../../src/tools/catalogue/index.ts";
import type { Reader } from "./growth.ts";
import * as documents from "./growth-documents.ts";
import * as texts from "./growth-texts.ts";

const MIB = 1024 * 1024;
/** As many tools as a server with some hundred servers of MCP has. */
const TOOLS = ["csv_parser", ...Array.from({ length: 1_000 }, (_, index) => `server${index % 50}.tool_${index}`)];
/** A full directory: participants and agents. */
const DIRECTORY = Array.from({ length: 13_000 }, (_, index) => `participant-${index * 7}`);
const MESSAGES_PER_BATCH = 1_000;
const HEAD_CHARS_MAX = 16_384;

/** Refusals are results; anything else that is thrown is a failure. */
function orRefusal(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof CaxtonError) && !(error instanceof AclTextError)) throw error;
  }
}

const batchOf = (text: string): readonly Json[] => {
  const body = parseJson(text, REQUEST_VALUES_MAX);
  if (body.type === "malformed" || !isJsonObject(body.value)) return [];
  const messages = body.value["messages"];
  return Array.isArray(messages) ? messages.slice(0, MESSAGES_PER_BATCH) : [];
};

const context = { workspace: "default", nowMs: 0, contentBytesMax: MIB };

/** Everything that reads text which clients, or authors of agents and tools, send. */
export const READERS: readonly Reader[] = [
  {
    name: "definition in TOML",
    charsMax: LIMITS.definitionBytesMax,
    families: documents.DEFINITIONS_TOML,
    read: (text) => readDefinition(text, "grown.toml", { knownTools: () => TOOLS }),
  },
  {
    name: "definition in Markdown",
    charsMax: LIMITS.definitionBytesMax,
    families: documents.DEFINITIONS_MARKDOWN,
    read: (text) => readDefinition(text, "grown.md", { knownTools: () => TOOLS }),
  },
  {
    name: "definition in YAML",
    charsMax: LIMITS.definitionBytesMax,
    families: documents.YAML,
    read: (text) => readDefinition(text, "grown.yaml", { knownTools: () => TOOLS }),
  },
  {
    name: "tests in YAML",
    charsMax: DOCUMENT_LIMITS.charsMax,
    families: documents.YAML,
    read: (text) => readAgentTests(text, "grown.test.yaml"),
  },
  {
    name: "tool manifest",
    charsMax: DOCUMENT_LIMITS.charsMax,
    families: documents.TOML,
    read: (text) => readManifest(text, "tool.toml"),
  },
  {
    name: "template",
    charsMax: LIMITS.definitionBytesMax,
    families: texts.TEMPLATES,
    read: (text) => orRefusal(() => compilePrompt(text, {})),
  },
  {
    name: "JSON",
    charsMax: LIMITS.bodyBytesMax,
    families: texts.JSONS,
    read: (text) => parseJson(text, REQUEST_VALUES_MAX),
  },
  {
    name: "messages",
    charsMax: LIMITS.bodyBytesMax,
    families: texts.MESSAGES,
    read: (text) => batchOf(text).map((message) => readMessage(message, context)),
  },
  {
    name: "mcp.json",
    charsMax: DOCUMENT_LIMITS.charsMax,
    families: texts.MCP_JSON,
    read: (text) => orRefusal(() => readMcpJson(text, "mcp.json")),
  },
  {
    name: "expression",
    charsMax: 2_000,
    families: texts.EXPRESSIONS,
    read: (text) =>
      orRefusal(() => compileExpression(text, { variables: ["message"] }).evaluate({ message: { a: [1] } })),
  },
  {
    name: "regular expression",
    charsMax: 2_000,
    families: texts.PATTERNS,
    read: (text) => {
      const compiled = compileRegex(text);
      if (compiled.type === "compiled") compiled.regex.test("a".repeat(1_000));
    },
  },
  {
    name: "JSON Schema",
    charsMax: LIMITS.definitionBytesMax,
    families: texts.SCHEMAS,
    read: (text) => {
      const schema = parseJson(text, DOCUMENT_LIMITS.valuesMax);
      if (schema.type === "parsed" && isJsonObject(schema.value)) schemaCheck(schema.value)({ a: "a".repeat(40) });
    },
  },
  {
    name: "ACL",
    charsMax: MIB,
    families: texts.ACL,
    read: (text) => orRefusal(() => readAcl(text)),
  },
  {
    name: "SL",
    charsMax: MIB,
    families: texts.SL,
    read: (text) => orRefusal(() => readSl(text)),
  },
  {
    name: "envelope",
    charsMax: MIB,
    families: texts.ENVELOPES,
    read: (text) => orRefusal(() => readEnvelope(text)),
  },
  {
    name: "multipart",
    charsMax: MIB,
    families: texts.MULTIPART,
    read: (text) => orRefusal(() => readParts("multipart/mixed;boundary=b", Buffer.from(text))),
  },
  {
    name: "content type",
    charsMax: HEAD_CHARS_MAX,
    families: texts.CONTENT_TYPES,
    read: (text) => orRefusal(() => readParts(text, Buffer.from("--b"))),
  },
  {
    name: "suggestions",
    charsMax: 16_384,
    families: texts.NAMES,
    read: (text) => text.split("\n").map((name) => nearest(name, DIRECTORY)),
  },
];
