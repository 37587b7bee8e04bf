import {
  OCCURRENCES_MAX,
  placeWithin,
  problemAt,
  PROBLEMS_MAX,
  suggester,
  type Document,
  type Path,
  type Problem,
} from "../../text/documents/index.ts";
import { DefinitionFile } from "./formats/definition-file.ts";
import type { Draft } from "./formats/draft.ts";
import type { ReadOptions } from "./reading.ts";
import { INACTIVE, UNSUPPORTED, UNSUPPORTED_FIX } from "./formats/inactive.ts";
import { namesTool, readRule, RULES_MAX } from "../permissions/index.ts";
import { hostProblems } from "./tables/host-problems.ts";
import { ACT_HANDLER_NAMES } from "./prompts/act-prompts.ts";
import { inspectTemplate, isBuiltIn, MESSAGE_VARIABLES, placeholdersIn, unfilledIn } from "./prompts/prompt.ts";
import { agentToolsIn, isRecord, isStrings } from "./formats/record.ts";
import { AGENT_NAME, kebab, KEBAB_NAME, MODEL, PARAMETER_NAME } from "./rules.ts";

/** Names every tool server and tool there is: `csv_parser`, `csv_parser.group`. */
export type KnownTools = () => Iterable<string>;

/** Everything about a definition that its schema cannot say. Works on a draft that breaks the schema too, so that all problems come at once. */
export const semanticProblems = (draft: Draft, { knownTools, failedServers }: ReadOptions): readonly Problem[] => [
  ...keyProblems(draft.document),
  ...nameProblems(draft.document),
  ...modelProblems(draft.document),
  ...sameProblems(draft.document),
  ...memoryProblems(draft.document),
  ...hostProblems(draft.document),
  ...promptProblems(draft),
  ...(knownTools === undefined ? [] : toolProblems(draft, knownTools, failedServers)),
];

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === false ||
  value === "" ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && (Object.keys(value).length === 0 || value["enabled"] === false));

const at = (document: Document, path: Path): unknown =>
  path.reduce<unknown>((value, part) => (isRecord(value) ? value[String(part)] : undefined), document.data);

function keyProblems(document: Document): readonly Problem[] {
  const unsupported = Object.entries(UNSUPPORTED).flatMap(([key, why]) => {
    const path = key.split(".");
    if (isEmpty(at(document, path))) return [];
    const fix = Object.entries(UNSUPPORTED_FIX).find(([other]) => other === key)?.[1] ?? "Remove the key.";
    return [problemAt(document, path, { severity: "error", code: "NOT_SUPPORTED", message: why, fix }, "key")];
  });
  const inactive = Object.entries(INACTIVE).flatMap(([key, why]) => {
    const path = key.split(".");
    const value = at(document, path);
    if (isEmpty(value)) return [];
    const message = `accepted, has no effect in this version: ${why}`;
    return [
      problemAt(
        document,
        path,
        { severity: "warning", code: "NO_EFFECT", message, fix: "Remove it, or leave it for a later version." },
        "key",
      ),
    ];
  });
  return [...unsupported, ...inactive];
}

function nameProblems(document: Document): readonly Problem[] {
  const { name } = document.data;
  if (typeof name !== "string" || !AGENT_NAME.test(name) || KEBAB_NAME.test(name)) return [];
  const message = `${name} works, but names in lower case with hyphens are the custom`;
  return [
    problemAt(document, ["name"], {
      severity: "warning",
      code: "NAME_STYLE",
      message,
      fix: `Rename it, for example to ${kebab(name)}.`,
    }),
  ];
}

function modelProblems(document: Document): readonly Problem[] {
  const { model } = document.data;
  const named = at(document, ["llm", "model"]);
  const provider = at(document, ["llm", "provider"]);
  const error = (path: Path, code: string, message: string, fix: string): readonly Problem[] => [
    problemAt(document, path, { severity: "error", code, message, fix }),
  ];
  if (isRecord(model)) return [];
  if (model !== undefined && (named !== undefined || provider !== undefined))
    return error(["model"], "DUPLICATE_KEY", "the model is named here and in llm", "Keep one of the two.");
  if (provider !== undefined && provider !== "mock" && named === undefined)
    return error(
      ["llm", "provider"],
      "MISSING_KEY",
      "a provider alone names no model",
      'Add for example: model = "gpt-5-mini"',
    );
  // With a base_url the name is whatever the endpoint calls its model.
  const free = provider !== undefined || at(document, ["llm", "base_url"]) !== undefined;
  if (typeof named === "string" && !free && !MODEL.test(named))
    return error(
      ["llm", "model"],
      "BAD_FORMAT",
      'a model is written "provider/model"',
      `Write for example: model = "openai/${named}"`,
    );
  return [];
}

/** Keys that mean the same as another, and that other. */
const SAME = [
  ["performance.max_execution_time", "execution.timeout"],
  ["conversation.memory_strategy", "context.strategy"],
  ["conversation.context_window", "context.window"],
] as const;

const sameProblems = (document: Document): readonly Problem[] =>
  SAME.flatMap(([one, other]) => {
    const path = one.split(".");
    if (at(document, path) === undefined || at(document, other.split(".")) === undefined) return [];
    const message = `this and ${other} mean the same`;
    return [
      problemAt(document, path, { severity: "error", code: "DUPLICATE_KEY", message, fix: `Keep ${other}.` }, "key"),
    ];
  });

/** The settings for automatic memory have to be consistent. */
function memoryProblems(document: Document): readonly Problem[] {
  const { memory, name } = document.data;
  if (!isRecord(memory)) return [];
  const { enabled, scope, auto_store: isKept, store_scope: storeScope, extract_with: extractor } = memory;
  const problem = (key: string, severity: "warning" | "error", message: string, fix: string): Problem =>
    problemAt(
      document,
      ["memory", key],
      { severity, code: severity === "error" ? "BAD_FORMAT" : "NO_EFFECT", message, fix },
      "key",
    );
  return [
    ...(isKept === true && enabled !== true
      ? [problem("auto_store", "warning", "nothing is stored: memory is not enabled", "Add enabled = true.")]
      : []),
    ...(storeScope !== undefined && isKept !== true
      ? [problem("store_scope", "warning", "nothing is stored", "Add auto_store = true.")]
      : []),
    ...(isKept === true && storeScope === undefined && (scope === "conversation" || scope === "session")
      ? [
          problem(
            "scope",
            "warning",
            "this agent does not recall what auto_store writes: that is in the agent's own memory",
            'Add store_scope = "conversation", or set scope = "agent-only".',
          ),
        ]
      : []),
    ...(extractor !== undefined && isKept !== true
      ? [problem("extract_with", "warning", "nothing is extracted: nothing is stored", "Add auto_store = true.")]
      : []),
    ...(typeof extractor === "string" && extractor === name
      ? [
          problem(
            "extract_with",
            "error",
            "an agent cannot take facts out of its own runs",
            "Name another agent, for example one made of the template memory-extractor.",
          ),
        ]
      : []),
  ];
}

/** It is filled where the definition says so. */
const RECALLED = "memory_context";
const NOT_RECALLED = {
  message: `${RECALLED} is empty: nothing is recalled before runs of this agent`,
  fix: "Add [memory] with enabled = true.",
};

const isRecalled = ({ data: { memory } }: Document): boolean => isRecord(memory) && memory["enabled"] === true;

function promptProblems({ document, style }: Draft): readonly Problem[] {
  const { parameters, user_prompt_template: template, system_prompt: system } = document.data;
  const names = isRecord(parameters) ? Object.keys(parameters) : [];
  const given = new Set(names);
  const reserved = names.filter(isBuiltIn).map((name) => {
    const message = `${name} is a variable that every run fills in`;
    const fix = `Give the parameter another name, for example default_${name}.`;
    return problemAt(
      document,
      ["parameters", name],
      { severity: "error", code: "PARAMETER_RESERVED", message, fix },
      "key",
    );
  });
  const { findings, used } =
    typeof template === "string" && template !== ""
      ? inspectTemplate(template, names)
      : inspectTemplate("{{request}}", names);
  const broken = findings.map(({ code, message, fix, snippet, offset, alternatives }) => ({
    ...problemAt(document, ["user_prompt_template"], {
      severity: "error",
      code,
      message,
      fix,
      ...(alternatives.length > 0 && { alternatives }),
    }),
    ...placeOf(document, "user_prompt_template", snippet, offset),
  }));
  const empty = [...used]
    .filter((name) => name === RECALLED && !isRecalled(document) && !given.has(name))
    .map((name) => ({
      ...problemAt(document, ["user_prompt_template"], {
        severity: "warning",
        code: "VARIABLE_EMPTY",
        ...NOT_RECALLED,
      }),
      ...placeOf(document, "user_prompt_template", name, 0),
    }));
  const systemText = typeof system === "string" ? system : "";
  const inMessages = messagePrompts(document, names);
  const everywhere = [used, placeholdersIn(systemText), ...inMessages.map((prompt) => prompt.used)];
  const unused = names
    .filter((name) => PARAMETER_NAME.test(name) && !isBuiltIn(name) && broken.length === 0)
    .filter((name) => !everywhere.some((some) => some.has(name)))
    .slice(0, PROBLEMS_MAX)
    .map((name) => {
      const message = `no prompt contains {{${name}}}, so the parameter changes nothing`;
      return problemAt(
        document,
        ["parameters", name],
        {
          severity: "warning",
          code: "PARAMETER_UNUSED",
          message,
          fix: Object.hasOwn(DefinitionFile.shape, name)
            ? `If ${name} was meant as a key of the agent, move it above the first [table] of the file.`
            : `Use {{${name}}} in a prompt, or remove it.`,
        },
        "key",
      );
    });
  return [
    ...reserved,
    ...broken,
    ...empty,
    ...unused,
    ...inMessages.flatMap(({ problems }) => problems),
    ...systemProblems(document, systemText, given, style),
  ];
}

/** The prompts for messages: what each uses, and what is wrong with it. */
function messagePrompts(
  document: Document,
  names: readonly string[],
): readonly { readonly used: ReadonlySet<string>; readonly problems: readonly Problem[] }[] {
  return ACT_HANDLER_NAMES.flatMap((handler) => {
    const template = at(document, ["prompt_templates", handler]);
    if (typeof template !== "string" || template === "") return [];
    const { findings, used } = inspectTemplate(template, [...names, ...MESSAGE_VARIABLES]);
    const problems = findings.map(({ code, message, fix, alternatives }) =>
      problemAt(document, ["prompt_templates", handler], {
        severity: "error",
        code,
        message,
        fix,
        ...(alternatives.length > 0 && { alternatives }),
      }),
    );
    return [{ used, problems }];
  });
}

function systemProblems(
  document: Document,
  text: string,
  names: ReadonlySet<string>,
  style: Draft["style"],
): readonly Problem[] {
  return unfilledIn(text, names).map(({ name, snippet, offset }) => {
    const perRun = isBuiltIn(name);
    return {
      ...problemAt(document, ["system_prompt"], {
        severity: perRun && style !== "foreign" ? "error" : "warning",
        code: perRun ? "VARIABLE_NOT_HERE" : "UNKNOWN_VARIABLE",
        message: perRun
          ? `${name} differs from run to run and cannot stand in the system prompt`
          : `${snippet} is no parameter and is sent to the model as it stands`,
        fix: perRun
          ? `Use {{${name}}} in user_prompt_template.`
          : `Add ${name} to [parameters] if it was meant as a variable.`,
      }),
      ...placeOf(document, "system_prompt", snippet, offset),
    };
  });
}

/** Where a piece of a long text stands in the file: by counting like pieces before it, which escapes and indentation leave alone. */
function placeOf(document: Document, key: string, snippet: string, offset: number): object {
  const text = document.data[key];
  if (typeof text !== "string") return placeWithin(document, [key], snippet, 0) ?? {};
  let before = 0;
  for (
    let found = text.indexOf(snippet);
    found !== -1 && found < offset;
    found = text.indexOf(snippet, found + snippet.length)
  ) {
    before += 1;
    if (before > OCCURRENCES_MAX) break;
  }
  return placeWithin(document, [key], snippet, before) ?? {};
}

type Failed = ReadOptions["failedServers"];

const toolProblems = (draft: Draft, knownTools: KnownTools, failed: Failed): readonly Problem[] => [
  ...["tools", "deferred_tools"].flatMap((key) => problemsOfTools(draft, key, knownTools, failed)),
  ...["deny", "allow", "ask"].flatMap((key) => problemsOfRules(draft, key, knownTools)),
];

/** A rule that matches no tool does not give the protection that its author expects. */
function problemsOfRules({ document }: Draft, key: string, knownTools: KnownTools): readonly Problem[] {
  const rules = at(document, ["permissions", key]);
  // More of them are a problem that the schema reports.
  if (!isStrings(rules) || rules.length > RULES_MAX) return [];
  const known = [...[...knownTools()].filter((name) => name.includes(".")), ...agentToolsIn(document.data)];
  return rules.flatMap((text, index) => {
    const read = readRule(text);
    if (read.type === "malformed" || known.some((tool) => namesTool(read.rule, tool))) return [];
    return [
      problemAt(document, ["permissions", key, index], {
        severity: "warning",
        code: "RULE_WITHOUT_TOOL",
        message: "this rule is about no tool there is now",
        fix: "Check the name with `caxton tool list`, or leave it for a tool that comes later.",
      }),
    ];
  });
}

function problemsOfTools(
  ...[{ document, style }, key, knownTools, failed]: [Draft, string, KnownTools, Failed]
): readonly Problem[] {
  const tools = document.data[key];
  if (!isStrings(tools)) return [];
  const known = new Set(knownTools());
  const nearestTo = suggester(known);
  const unknown = [...tools.entries()].filter(([, entry]) => entry !== "*" && !known.has(entry));
  return unknown.slice(0, PROBLEMS_MAX).map(([index, entry], nth) => {
    const failure = failedServer(entry, failed);
    if (failure !== undefined) return problemAt(document, [key, index], failure);
    const alternatives = nth < SUGGESTED_MAX ? alternativesTo(entry, known, nearestTo) : [];
    const [best] = alternatives;
    // Tools that were written as one line of text have no places of their own.
    const inText = document.locate([key, index]) === undefined;
    const place = inText ? placeWithin(document, [key], entry, 0) : undefined;
    const finding = {
      severity: style === "foreign" ? ("warning" as const) : ("error" as const),
      code: style === "foreign" ? "TOOL_NOT_USED" : "UNKNOWN_TOOL",
      message:
        style === "foreign"
          ? `"${entry}" is no tool of this server and is left out`
          : `there is no tool or tool server "${entry}"${best === undefined ? "" : `; did you mean ${best}?`}`,
      fix: best === undefined ? `Remove it, or add the tool server.` : `Write "${best}", or remove it.`,
      ...(alternatives.length > 0 && { alternatives }),
    };
    return { ...problemAt(document, [key, index], finding), ...place };
  });
}

/** A tool of a server that could not be deployed: an error in every style, because the tool is to be there later. */
function failedServer(entry: string, failed: Failed) {
  const [server = ""] = entry.split(".");
  const reason = failed?.get(server);
  if (reason === undefined) return undefined;
  return {
    severity: "error" as const,
    code: "UNKNOWN_TOOL",
    message: `the tool server "${server}" could not be deployed: ${reason}`,
    fix: "Remove the cause. Caxton tries again every 10 seconds.",
  };
}

/** Tools of the Caxton documents by their names there. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["file_storage", "file_system"],
  ["filesystem", "file_system"],
  ["database_connection", "database"],
  ["json_validator", "json_tools.validate"],
  ["template_engine", "text_tools.template"],
  ["message_client", "messages"],
]);

/** Unknown tools that get suggestions; each takes a look at all tools. */
const SUGGESTED_MAX = 20;

function alternativesTo(
  entry: string,
  known: ReadonlySet<string>,
  nearestTo: (entry: string) => readonly string[],
): readonly string[] {
  const renamed = RENAMED.get(entry);
  if (renamed !== undefined && known.has(renamed)) return [renamed];
  const close = nearestTo(entry);
  if (close.length > 0) return close;
  // The server may be right and the tool wrong, or the tool may be elsewhere.
  const [server = "", tool = ""] = entry.split(".");
  return [...known]
    .filter((id) => (known.has(server) ? id.startsWith(`${server}.`) : tool !== "" && id.endsWith(`.${tool}`)))
    .slice(0, 3);
}
