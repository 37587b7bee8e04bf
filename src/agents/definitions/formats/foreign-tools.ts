import type { Problem } from "../../../text/documents/index.ts";
import { TOOL_ENTRY } from "../rules.ts";

/** Tools of Claude Code by name, and the tools here that do the same; none for those without an equivalent. */
const EQUIVALENTS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    Read: ["file_system.read_file"],
    Write: ["file_system.write_file", "file_system.create_directory"],
    Edit: ["file_system.read_file", "file_system.write_file"],
    MultiEdit: ["file_system.read_file", "file_system.write_file"],
    Grep: ["file_system.search_files", "text_tools.search"],
    Glob: ["file_system.search_files", "file_system.list_directory"],
    LS: ["file_system.list_directory"],
    WebFetch: ["http_client.get"],
    ...Object.fromEntries(
      ["Agent", "AskUserQuestion", "Bash", "BashOutput", "ExitPlanMode", "KillShell", "NotebookEdit", "NotebookRead"]
        .concat("Skill", "SlashCommand", "Task", "TodoRead", "TodoWrite", "WebSearch")
        .map((name) => [name, []]),
    ),
  }),
);

const WRITES = ["write_file", "append_file", "create_directory", "move_file", "delete_file"];
/** A restriction covers every tool with the same effect. */
const RESTRICTED: ReadonlyMap<string, readonly string[]> = new Map([
  ...EQUIVALENTS,
  ...["Write", "Edit", "MultiEdit"].map((name) => [name, WRITES.map((tool) => `file_system.${tool}`)] as const),
  ["Grep", ["text_tools.search"]],
  ["Glob", ["file_system.search_files"]],
  ["WebFetch", ["http_client"]],
]);

type Finding = Pick<Problem, "code" | "message" | "fix">;
export type MappedTools = { readonly entries: readonly string[]; readonly findings: readonly Finding[] };

const notUsed = (message: string, fix: string): Finding => ({ code: "TOOL_NOT_USED", message, fix });

/** Entries of Claude Code's `tools` as entries of this server. An entry that is limited to arguments is left out, since it would grant more. */
export function mapTools(listed: readonly string[]): MappedTools {
  const findings: Finding[] = [];
  const renamed: string[] = [];
  const entries = listed.flatMap((entry): readonly string[] => {
    const [name = "", ...limits] = entry.split("(");
    const found = EQUIVALENTS.get(name.trim()) ?? ownEntry(name.trim());
    if (found === undefined || found.length === 0) {
      const fix = found === undefined ? "Remove it, or name a tool server." : "Remove it, or name a tool that does it.";
      findings.push(notUsed(`"${entry}" has no equivalent here and is left out`, fix));
      return [];
    }
    if (limits.length > 0) {
      const fix = `Write ${found.join(", ")}, and rules in permissions.`;
      findings.push(notUsed(`"${entry}" is limited to some arguments and is left out`, fix));
      return [];
    }
    if (found.length > 1 || found[0] !== entry) renamed.push(`${entry} as ${found.join(" and ")}`);
    return found;
  });
  if (renamed.length > 0)
    findings.unshift({
      code: "TOOL_MAPPED",
      message: `tools were read by their names here: ${renamed.join("; ")}`,
      fix: "Write the names of this server.",
    });
  return { entries: [...new Set(entries)], findings };
}

/** Entries of Claude Code's `disallowedTools` as rules that deny. One that is limited to arguments denies the whole tool. */
export function mapDenied(listed: readonly string[]): MappedTools {
  const findings: Finding[] = [];
  const entries = listed.flatMap((entry): readonly string[] => {
    const [name = ""] = entry.split("(");
    const found = RESTRICTED.get(name.trim()) ?? ownEntry(name.trim());
    if (found === undefined || found.length === 0)
      findings.push(notUsed(`"${entry}" has no equivalent here, so there is nothing to deny`, "Remove it."));
    return found ?? [];
  });
  return { entries: [...new Set(entries)], findings };
}

/** `mcp__server__tool`, `mcp__server__*` and `mcp__server` name an attached MCP server; others are names of this server. */
function ownEntry(name: string): readonly string[] | undefined {
  const [, server = "", tool = "*"] = /^mcp__(.+?)(?:__(.+))?$/.exec(name) ?? [];
  const entry = server === "" ? name : tool === "*" ? server : `${server}.${tool}`;
  return TOOL_ENTRY.test(entry) ? [entry] : undefined;
}
