import { problemAt, type Data, type Document, type Path, type Problem } from "../documents/index.ts";
import { DefinitionFile } from "./definition-file.ts";
import { withData, type Draft } from "./draft.ts";
import { isRecord, isStrings } from "./record.ts";
import { DESCRIPTION_CHARS_MAX, kebab, MODEL, TOOL_ENTRY } from "./rules.ts";

/**
 * Agents written for Claude Code (`.claude/agents/*.md`) are Markdown whose front matter has neither a version nor
 * capabilities. They load as they are; whatever has no meaning here is left out with a warning.
 */
export const isForeign = (data: Data): boolean =>
  !Object.hasOwn(data, "version") && !Object.hasOwn(data, "capabilities");

type Warn = (path: Path, code: string, message: string, fix: string) => void;

/** Fits such an agent to a definition file's fields. */
export function draftFromForeign(draft: Draft): Draft {
  const { document } = draft;
  const warnings: Problem[] = [];
  const warn: Warn = (path, code, message, fix) => {
    warnings.push(problemAt(document, path, { severity: "warning", code, message, fix }, "key"));
  };
  const moved = new Map<string, Path>();
  const data = keptFields(document, warn, moved);
  return { document: withData(document, data, moved), problems: [...draft.problems, ...warnings], style: "foreign" };
}

/** Fields of such files that are known to mean something there and nothing here. */
const THEIR_OWN = new Set([
  "background",
  "color",
  "disallowedTools",
  "effort",
  "hooks",
  "initialPrompt",
  "isolation",
  "mcpServers",
  "memory",
  "permissionMode",
  "skills",
]);

function keptFields(document: Document, warn: Warn, moved: Map<string, Path>): Data {
  const { name, description, tools, model, maxTurns, ...others } = document.data;
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

function toolsField(tools: unknown, warn: Warn): Data {
  if (tools === undefined) return { tools: ["*"] };
  const listed = typeof tools === "string" ? splitTools(tools) : tools;
  if (!isStrings(listed)) return { tools };
  return {
    tools: listed.filter((entry) => {
      const fits = TOOL_ENTRY.test(entry);
      if (!fits)
        warn(
          ["tools"],
          "TOOL_NOT_USED",
          `"${entry}" is no tool of this server and is left out`,
          "Remove it, or name a tool server.",
        );
      return fits;
    }),
  };
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
