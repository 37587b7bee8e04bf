import {
  arrange,
  checkAgainst,
  parseFields,
  parseFrontMatter,
  parseToml,
  type Parsed,
  type Problem,
} from "../../text/documents/index.ts";
import type { AgentDefinition, AgentPermissions, AgentRestrictions } from "./definition.ts";
import { DefinitionFile } from "./formats/definition-file.ts";
import { draftFromMarkdown, draftFromToml, type Draft } from "./formats/draft.ts";
import { fromClaudeCode, isForeign, splitTools } from "./formats/claude-code-agents.ts";
import type { AgentMemory } from "./definition.ts";
import { AgentMessaging } from "./tables/messaging-tables.ts";
import { triggerProblems } from "./tables/trigger-problem.ts";
import { STEPS_DEFAULT, TOOLS_AT_ONCE_DEFAULT } from "./rules.ts";
import { semanticProblems, type KnownTools } from "./semantics.ts";
import { StepsMax } from "../../kernel/quantities.ts";

export const DEFINITION_FORMATS = ["toml", "markdown", "yaml"] as const;
export type DefinitionFormat = (typeof DEFINITION_FORMATS)[number];

/** What a definition file says: an agent, with warnings, or everything that is wrong with it. Problems are in reading order. */
export type Reading =
  | { readonly type: "valid"; readonly definition: AgentDefinition; readonly problems: readonly Problem[] }
  | { readonly type: "invalid"; readonly problems: readonly Problem[] };

export type ReadOptions = {
  /** Default: detected from the file's name and first line. */
  readonly format?: DefinitionFormat | undefined;
  /** Without it tools are not looked up. */
  readonly knownTools?: KnownTools | undefined;
  /** Tool servers that could not be deployed, with the reason. */
  readonly failedServers?: ReadonlyMap<string, string> | undefined;
};

/** The format of a definition: by the file's extension, or by whether it begins with front matter. */
export function formatOf(source: string, fileName: string): DefinitionFormat {
  if (/\.(md|markdown)$/i.test(fileName)) return "markdown";
  if (/\.toml$/i.test(fileName)) return "toml";
  if (/\.ya?ml$/i.test(fileName)) return "yaml";
  return /^\uFEFF?\s*---[ \t]*\r?\n/.test(source) ? "markdown" : "toml";
}

/** Reads and checks a definition file. Never throws for what is in the file. About 0.2 ms for a usual one. */
export function readDefinition(source: string, fileName: string, options: ReadOptions = {}): Reading {
  const drafted = draftOf(source, fileName, options.format ?? formatOf(source, fileName));
  if (drafted.type === "malformed") return { type: "invalid", problems: drafted.problems };
  const { draft } = drafted;
  const checked = checkAgainst(draft.document, DefinitionFile);
  const problems = arrange([
    ...draft.problems,
    ...(checked.type === "invalid" ? checked.problems : []),
    ...semanticProblems(draft, options),
    ...triggerProblems(draft.document),
  ]);
  if (checked.type === "invalid" || problems.some(({ severity }) => severity === "error"))
    return { type: "invalid", problems };
  return {
    type: "valid",
    definition: definitionOf(checked.value, usableTools(draft, checked.value, options)),
    problems,
  };
}

export type Drafted =
  | { readonly type: "drafted"; readonly draft: Draft }
  | { readonly type: "malformed"; readonly problems: readonly Problem[] };

/** A file's fields, in whichever format, before they are checked. */
export function draftOf(source: string, fileName: string, format: DefinitionFormat): Drafted {
  if (format === "toml") return withProblems(parseToml(source, fileName), draftFromToml);
  const parse = format === "yaml" ? parseFields : parseFrontMatter;
  return withProblems(parse(source, fileName), (document) => {
    const draft = draftFromMarkdown(document);
    if (format === "markdown" && isForeign(document.data)) return fromClaudeCode(draft);
    const { tools } = draft.document.data;
    if (typeof tools !== "string") return draft;
    return { ...draft, document: { ...draft.document, data: { ...draft.document.data, tools: splitTools(tools) } } };
  });
}

function withProblems<Kind extends Parsed>(
  parsed: Kind,
  toDraft: (document: Extract<Kind, { type: "parsed" }>["document"]) => Draft,
): Drafted {
  if (parsed.type === "malformed") return parsed;
  const draft = toDraft(parsed.document);
  return { type: "drafted", draft: { ...draft, problems: [...parsed.problems, ...draft.problems] } };
}

function usableTools(draft: Draft, file: DefinitionFile, { knownTools }: ReadOptions): string[] {
  if (draft.style !== "foreign" || knownTools === undefined) return file.tools;
  const known = new Set(knownTools());
  return file.tools.filter((entry) => entry === "*" || known.has(entry));
}

function definitionOf(file: DefinitionFile, tools: string[]): AgentDefinition {
  const { llm, execution, performance } = file;
  const { per_day: perDay = {}, ...run } = file.budget ?? {};
  return {
    name: file.name,
    version: file.version,
    description: file.description,
    capabilities: file.capabilities,
    tools,
    deferredTools: performance?.lazy_tool_loading === true ? ["*"] : file.deferred_tools,
    agents: file.agents,
    handoffs: file.handoffs,
    systemPrompt: file.system_prompt,
    userPromptTemplate: file.user_prompt_template,
    documentation: file.documentation,
    parameters: file.parameters,
    llm: {
      model: modelOf(file),
      baseUrl: llm?.base_url,
      apiKey: llm?.api_key,
      temperature: llm?.temperature,
      outputTokensMax: llm?.max_tokens,
      timeoutMs: llm?.timeout,
      headers: llm?.headers ?? {},
      fallback: llm?.fallback ?? [],
      onFailure: llm?.on_failure,
      api: llm?.api,
      reasoning: llm?.reasoning,
      options: llm?.options,
      roles: llm?.roles,
      promptCaching: llm?.prompt_caching,
    },
    permissions: permissionsOf(file),
    restrictions: restrictionsOf(file),
    outputSchema: file.output?.schema,
    maxSteps: StepsMax.parse(execution?.max_steps ?? STEPS_DEFAULT),
    timeoutMs: execution?.timeout ?? performance?.max_execution_time,
    isolation: execution?.isolation,
    toolsAtOnceMax: performance?.concurrent_tools ?? TOOLS_AT_ONCE_DEFAULT,
    budget: { run, perDay },
    context: contextOf(file),
    limits: file.limits ?? {},
    ...(file.memory?.enabled === true && { memory: memoryOf(file.memory) }),
    messaging: messagingOf(file),
    triggers: file.trigger,
    author: file.author,
    license: file.license,
    tags: file.tags,
    created: file.created,
    updated: file.updated,
  };
}

/** What `[context]` says, and what the older `[conversation]` does where that is silent. */
function contextOf({ context, conversation }: DefinitionFile): AgentDefinition["context"] {
  const { memory_strategy: strategy, context_window: window } = conversation ?? {};
  return {
    ...(strategy !== undefined && { strategy: strategy === "persist" ? "summarize" : strategy }),
    ...(window !== undefined && { window }),
    ...context,
  };
}

/** Entities that are recalled before a run. */
const RECALLED_DEFAULT = 5;
const RECALLED_MAX = 100;
/** Excludes from automatic memory, if a definition sets none. */
const EXCLUDES = ["password", "api_key", "secret"];

function memoryOf(table: NonNullable<DefinitionFile["memory"]>): AgentMemory {
  const { scope = "global", search_limit: limit = RECALLED_DEFAULT, min_similarity: similarityMin } = table;
  return {
    scope,
    limit: Math.min(limit, RECALLED_MAX),
    ...(similarityMin !== undefined && { similarityMin }),
    isSemantic: table.semantic_search ?? true,
    ...(table.auto_store === true && {
      keeps: {
        // `scope` is how far the agent reads: it must not publish what the agent was asked and answered.
        scope: table.store_scope ?? "agent-only",
        excludes: table.exclude_patterns ?? EXCLUDES,
        ...(table.extract_with !== undefined && { extractor: table.extract_with }),
      },
    }),
  };
}

function messagingOf({ messaging, prompt_templates: templates, conversation }: DefinitionFile): AgentMessaging {
  return AgentMessaging.parse({
    autoRespond: messaging?.auto_respond,
    contextMessages: messaging?.context_window,
    runsOnFailure: messaging?.on_failure === "run",
    whenBusy: conversation?.when_busy,
    priceMax: messaging?.max_price,
    turnsMax: conversation?.max_turns,
    templates: templates ?? {},
  });
}

/** A restricted tool is one that a rule denies. */
function permissionsOf({ permissions, security }: DefinitionFile): AgentPermissions | undefined {
  const restricted = security?.restricted_tools ?? [];
  if (permissions === undefined)
    return restricted.length === 0
      ? undefined
      : { deny: restricted, allow: [], ask: [], readOnly: false, askDestructive: false };
  const { allow, ask, ask_destructive: askDestructive, expires, on_expiry: onExpiry, approvers } = permissions;
  const deny = [...permissions.deny, ...restricted];
  return { deny, allow, ask, readOnly: permissions.read_only, askDestructive, expiresMs: expires, onExpiry, approvers };
}

function restrictionsOf({ security, tool_config: tools }: DefinitionFile): AgentRestrictions | undefined {
  if (security === undefined && tools === undefined) return undefined;
  const { network_access: network = true, file_system_access: files = true } = security?.sandbox_restrictions ?? {};
  return {
    domains: security?.allowed_domains,
    callTimeoutMs: security?.max_processing_time,
    memoryBytesMax: security?.max_memory_usage,
    network,
    files,
    servers: Object.fromEntries(
      Object.entries(tools ?? {}).map(([server, table]) => [
        server,
        {
          domains: table.allowed_domains,
          timeoutMs: table.timeout,
          followsRedirects: table.follow_redirects,
          redirectsMax: table.max_redirects,
          responseBytesMax: table.max_response_size,
          userAgent: table.user_agent,
        },
      ]),
    ),
  };
}

function modelOf({ model, llm }: DefinitionFile): string | undefined {
  if (model !== undefined || llm === undefined) return model;
  const { provider, model: named } = llm;
  if (provider === "mock") return "mock";
  if (named === undefined || provider === undefined || named.startsWith(`${provider}/`)) return named;
  return `${provider}/${named}`;
}
