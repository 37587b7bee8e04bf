import { nearest } from "../documents/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { messageVariables, type PromptMessage } from "./act-prompts.ts";
import { PromptRenderError } from "./errors.ts";
import { parseTemplate } from "./template.ts";
import { bounded, filesValue, showValue, type PromptFile } from "./template-value.ts";
import type { Fault } from "./template-types.ts";

/** Variables that every template knows, beside the definition's parameters. */
export const BUILT_IN_VARIABLES = [
  "request",
  "files",
  "timestamp",
  "agent_name",
  "context",
  "data",
  "user_id",
  "memory_context",
  "data_source",
  "requirements",
  "user_info",
] as const;
export type BuiltInVariable = (typeof BUILT_IN_VARIABLES)[number];

/** What templates for messages know beside these. */
export const MESSAGE_VARIABLES = ["sender", "performative", "conversation_id", "protocol", "history"] as const;

/** What a run puts into its prompt. A built-in variable that is not given is empty, and false in conditions. */
export type PromptVariables = { readonly request: string; readonly agent_name: string; readonly timestamp: string } & {
  readonly files: readonly PromptFile[];
  /** The message whose content the request is. */
  readonly message?: PromptMessage | undefined;
} & { readonly [Name in Exclude<BuiltInVariable, "request" | "agent_name" | "timestamp" | "files">]?: Json };

/** A template made ready. Throws PromptRenderError. */
export type Prompt = (variables: PromptVariables) => string;

const builtIns = new Set<string>(BUILT_IN_VARIABLES);
export const isBuiltIn = (name: string): boolean => builtIns.has(name);

export type TemplateFinding = Fault & { readonly code: string; readonly alternatives: readonly string[] };

/** Everything wrong with a template: its syntax, or else every variable that is neither built in nor a parameter. Also the names it uses. */
export function inspectTemplate(
  source: string,
  parameters: readonly string[],
): { readonly findings: readonly TemplateFinding[]; readonly used: ReadonlySet<string> } {
  const parsed = parseTemplate(source);
  if (parsed.type === "broken")
    return { findings: [{ ...parsed.fault, code: "TEMPLATE_SYNTAX", alternatives: [] }], used: new Set() };
  const { usages } = parsed.template;
  const known = [...new Set<string>([...BUILT_IN_VARIABLES, ...parameters])];
  const findings = usages
    .filter(({ name }) => !known.includes(name))
    .map(({ name, snippet, offset }) => {
      const alternatives = nearest(name, known);
      const [best] = alternatives;
      return {
        code: "UNKNOWN_VARIABLE",
        message: `there is no variable ${name}${best === undefined ? "" : `; did you mean ${best}?`}`,
        fix:
          best === undefined
            ? `Add ${name} to [parameters], or use one of: ${known.join(", ")}.`
            : `Write {{${best}}}, or add ${name} to [parameters].`,
        snippet,
        offset,
        alternatives,
      };
    });
  return { findings, used: new Set(usages.map(({ name }) => name)) };
}

/**
 * Makes a template ready, parameters filled in. Files that came with the request and that the template does not
 * mention are listed after the prompt, and so is what was recalled. Throws PromptRenderError when the template is broken.
 */
export function compilePrompt(source: string, parameters: JsonObject): Prompt {
  const parsed = parseTemplate(source);
  if (parsed.type === "broken") throw new PromptRenderError(parsed.fault.message);
  const { usages, render } = parsed.template;
  const mentions = (variable: string) => usages.some(({ name }) => name === variable);
  const [mentionsFiles, mentionsMemory] = [mentions("files"), mentions("memory_context")];
  const fixed = Object.entries(parameters);
  return (variables) => {
    const values = new Map<string, Json>(fixed);
    for (const name of BUILT_IN_VARIABLES) if (name !== "files") values.set(name, filled(variables[name]));
    if (variables.message !== undefined)
      for (const [name, value] of Object.entries(messageVariables(variables.message))) values.set(name, filled(value));
    const files = variables.files.length === 0 ? null : filesValue(variables.files);
    values.set("files", files);
    const recalled = values.get("memory_context") ?? null;
    const prompt = [
      render(values),
      ...(files === null || mentionsFiles ? [] : [`Attached files:\n${showValue(files)}`]),
      ...(recalled === null || mentionsMemory ? [] : [`What you remember that may matter:\n${showValue(recalled)}`]),
    ];
    return prompt.length === 1 ? (prompt[0] ?? "") : bounded(prompt.join("\n\n"));
  };
}

/** Liquid takes empty text and empty lists for true; people who write `{% if context %}` do not. */
const filled = (value: Json | undefined): Json => (value === undefined || value === "" ? null : value);

const PLACEHOLDER = /\{\{\s*([A-Za-z_][\w-]*)\s*\}\}/g;

/** A system prompt with its parameters and `agent_name` filled in. Everything else in it stays as it was written: it is text, not a template. */
export function fillSystemPrompt(text: string, name: string, parameters: JsonObject): string {
  return text.replaceAll(PLACEHOLDER, (placeholder: string, variable: string) => {
    if (variable === "agent_name") return name;
    return Object.hasOwn(parameters, variable) ? showValue(parameters[variable]) : placeholder;
  });
}

/** The `{{name}}` in a system prompt that will not be filled in. */
export const unfilledIn = (
  text: string,
  parameters: readonly string[],
): readonly { name: string; snippet: string; offset: number }[] =>
  [...text.matchAll(PLACEHOLDER)]
    .map((match) => ({ name: match[1] ?? "", snippet: match[0], offset: match.index }))
    .filter(({ name }) => name !== "agent_name" && !parameters.includes(name));
