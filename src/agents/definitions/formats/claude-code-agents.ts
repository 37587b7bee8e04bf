import { problemAt, type Data, type Document, type Path, type Problem } from "../../../text/documents/index.ts";
import { DefinitionFile } from "./definition-file.ts";
import { withData, type Draft } from "./draft.ts";
import { isRecord, isStrings } from "./record.ts";
import { mapDenied, mapTools } from "./foreign-tools.ts";
import { DESCRIPTION_CHARS_MAX, kebab, MODEL } from "../rules.ts";

/**
 * Agents written for Claude Code (`.claude/agents/*.md`) are Markdown whose front matter has neither a version nor
 * capabilities. They load as they are; whatever has no meaning here is left out with a warning.
 */
export const isForeign = (data: Data): boolean =>
  !Object.hasOwn(data, "version") && !Object.hasOwn(data, "capabilities");

const REFUSED = "NOT_SUPPORTED";

type Warn = (path: Path, code: string, message: string, fix: string) => void;

/** Fits such an agent to a definition file's fields. */
export function fromClaudeCode(draft: Draft): Draft {
  const { document } = draft;
  const warnings: Problem[] = [];
  const warn: Warn = (path, code, message, fix) => {
    const severity = code === REFUSED ? "error" : "warning";
    warnings.push(problemAt(document, path, { severity, code, message, fix }, "key"));
  };
  const moved = new Map<string, Path>();
  const data = keptFields(document, warn, moved);
  const whole = withData(document, data, moved);
  // Entries of the mapped list have no places of their own.
  const locate: Document["locate"] = (path, part) =>
    path[0] === "tools" && path.length > 1 ? undefined : whole.locate(path, part);
  return { document: { ...whole, locate }, problems: [...draft.problems, ...warnings], style: "foreign" };
}

/** Fields of such files that are known to mean something there and nothing here. */
const THEIR_OWN = new Set([
  "background",
  "color",
  "effort",
  "hooks",
  "initialPrompt",
  "isolation",
  "mcpServers",
  "memory",
  "skills",
]);

function keptFields(document: Document, warn: Warn, moved: Map<string, Path>): Data {
  const { name, description, model, maxTurns, permissions, ...rest } = document.data;
  const { tools, disallowedTools, permissionMode, ...unread } = withAllowedTools(rest);
  const readonlyKey = Object.keys(unread).find((key) => key.replaceAll(/[-_]/g, "").toLowerCase() === "readonly");
  const { [readonlyKey ?? ""]: readonlyValue, ...others } = unread;
  const known = new Set(Object.keys(DefinitionFile.shape));
  const kept = Object.entries(others).filter(([key, value]) => {
    // Their `memory: project` is a word, ours is a table.
    const ours = known.has(key) && !(THEIR_OWN.has(key) && !isRecord(value));
    if (!ours)
      warn(
        [key],
        "FIELD_NOT_USED",
        `${key} has no meaning here and is left out`,
        "Remove it, or keep it for the other program.",
      );
    return ours;
  });
  const turns = maxTurns === undefined ? {} : turnsField(maxTurns, warn, moved);
  return {
    ...(name !== undefined && { name }),
    ...versionField(warn),
    ...(description !== undefined && { description: shortened(description, warn) }),
    ...capabilityField(name, warn),
    ...toolsField(tools, warn),
    ...permissionsField(
      permissions,
      [
        ...(tools === undefined ? [{ read_only: true }] : []),
        ...deniedTools(disallowedTools, warn),
        ...modeOf(permissionMode, warn),
        ...(readonlyKey === undefined ? [] : readOnlyOf(readonlyKey, readonlyValue, warn)),
      ],
      warn,
    ),
    ...modelField(model, warn),
    ...turns,
    ...Object.fromEntries(kept),
  };
}

function versionField(warn: Warn): Data {
  warn(
    ["version"],
    "DEFAULT_USED",
    "version is missing; it was taken to be 1.0.0",
    'Add for example: version: "1.0.0"',
  );
  return { version: "1.0.0" };
}

function capabilityField(name: unknown, warn: Warn): Data {
  const capability = typeof name === "string" ? kebab(name) : "";
  if (capability === "") return {};
  warn(
    ["capabilities"],
    "DEFAULT_USED",
    `capabilities are missing; the agent's name was taken: ${capability}`,
    `Add for example: capabilities: [${capability}]`,
  );
  return { capabilities: [capability] };
}

function shortened(description: unknown, warn: Warn): unknown {
  if (typeof description !== "string") return description;
  const line = description.replaceAll(/\\n|\s+/g, " ").trim();
  if (line.length <= DESCRIPTION_CHARS_MAX) return line;
  warn(
    ["description"],
    "DESCRIPTION_CUT",
    `the description has ${line.length} characters and was cut to ${DESCRIPTION_CHARS_MAX}`,
    "Shorten it to one line.",
  );
  return `${line.slice(0, DESCRIPTION_CHARS_MAX - 1).trimEnd()}…`;
}

/** Older files list their tools under `allowed-tools`. */
function withAllowedTools(data: Data): Data {
  const { "allowed-tools": dashed, allowedTools, ...rest } = data;
  const tools = rest["tools"] ?? dashed ?? allowedTools;
  return tools === undefined ? rest : { ...rest, tools };
}

/** A file that lists no tools gets those that change nothing: tools with side effects are never granted without a word. */
function toolsField(tools: unknown, warn: Warn): Data {
  if (tools === undefined) {
    const message = "tools are missing; the agent gets every tool that changes nothing";
    warn(["tools"], "DEFAULT_USED", message, "List the tools it may call, for example: tools: [file_system.read_file]");
    return { tools: ["*"] };
  }
  const listed = typeof tools === "string" ? splitTools(tools) : tools;
  if (!isStrings(listed)) return { tools };
  const { entries, findings } = mapTools(listed);
  for (const { code, message, fix } of findings) warn(["tools"], code, message, fix);
  return { tools: entries };
}

/** What a key that restricts the agent adds to `[permissions]`. */
type Restriction = Data;

/** A restriction that cannot be enforced must stop the deployment. */
const refuse = (warn: Warn, key: string, message: string, fix: string): readonly Restriction[] => {
  warn([key], REFUSED, message, fix);
  return [];
};

function permissionsField(own: unknown, restrictions: readonly Restriction[], warn: Warn): Data {
  if (restrictions.length === 0) return own === undefined ? {} : { permissions: own };
  if (own !== undefined && !isRecord(own)) {
    refuse(warn, "permissions", "permissions is no table", "Write deny, allow and ask below it.");
    return {};
  }
  const permissions: Record<string, unknown> = { ...own };
  for (const [key, value] of restrictions.flatMap((restriction) => Object.entries(restriction))) {
    const before = permissions[key];
    if (before === undefined || !isStrings(value)) permissions[key] = value;
    // A value that is not a list is an error of its own.
    else if (isStrings(before)) permissions[key] = [...before, ...value];
  }
  return { permissions };
}

function deniedTools(denied: unknown, warn: Warn): readonly Restriction[] {
  if (denied === undefined) return [];
  const listed = typeof denied === "string" ? splitTools(denied) : denied;
  if (!isStrings(listed))
    return refuse(warn, "disallowedTools", "disallowedTools is no list of tools", "Write for example: [Write, Bash]");
  const { entries, findings } = mapDenied(listed);
  for (const { code, message, fix } of findings) warn(["disallowedTools"], code, message, fix);
  return entries.length === 0 ? [] : [{ deny: entries }];
}

const EDITS = ["file_system.write_file", "file_system.append_file", "file_system.create_directory"];

/** What Claude Code's modes mean here. Those that are absent have no equivalent. */
const MODES: ReadonlyMap<unknown, Restriction> = new Map<unknown, Restriction>([
  ["plan", { read_only: true }],
  ["default", { ask_destructive: true }],
  ["acceptEdits", { ask_destructive: true, allow: EDITS }],
  // The server's rules hold whatever a definition says.
  ["bypassPermissions", {}],
]);

function modeOf(mode: unknown, warn: Warn): readonly Restriction[] {
  if (mode === undefined) return [];
  const restriction = MODES.get(mode);
  if (restriction !== undefined) return [restriction];
  const message = `permissionMode ${JSON.stringify(mode)} cannot be enforced here`;
  const known = [...MODES.keys()].join(", ");
  return refuse(warn, "permissionMode", message, `Write one of ${known}, or rules in permissions.`);
}

function readOnlyOf(key: string, value: unknown, warn: Warn): readonly Restriction[] {
  if (value === true) return [{ read_only: true }];
  return value === false ? [] : refuse(warn, key, `${key} is neither true nor false`, "Write true or false.");
}

/** Commas inside brackets, as in `Bash(git add:*, git commit:*)`, belong to one entry. */
export const splitTools = (tools: string): readonly string[] =>
  (tools.match(/(?:[^,(]|\([^)]*\)?)+/g) ?? []).map((entry) => entry.trim()).filter((entry) => entry !== "");

function modelField(model: unknown, warn: Warn): Data {
  if (model === undefined) return {};
  if (typeof model !== "string" || MODEL.test(model)) return { model };
  warn(
    ["model"],
    "MODEL_NOT_USED",
    `"${model}" names no model here; the server's default model is used`,
    "Write provider/model, or remove the line.",
  );
  return {};
}

function turnsField(turns: unknown, warn: Warn, moved: Map<string, Path>): Data {
  if (typeof turns === "number" && Number.isInteger(turns) && turns >= 1 && turns <= 1_000) {
    moved.set("execution", ["maxTurns"]);
    return { execution: { max_steps: turns } };
  }
  warn(
    ["maxTurns"],
    "FIELD_NOT_USED",
    "maxTurns is no whole number from 1 to 1000 and is left out",
    "Write a whole number.",
  );
  return {};
}
