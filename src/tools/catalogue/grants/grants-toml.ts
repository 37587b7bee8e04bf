import type { Grants } from "./grants.ts";

const list = (texts: readonly string[]): string => `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`;

/** Grants as TOML, as a `tool.toml` (table `grants`) or a `caxton.toml` (table `tool_servers.<name>.grants`) has them; one line an element, none for nothing. */
export function grantsToml(grants: Grants, table: string): readonly string[] {
  const switches = (["state", "clock", "random"] as const)
    .filter((name) => grants[name])
    .map((name) => `${name} = true`);
  const names = grants.environment.length === 0 ? [] : [`environment = ${list(grants.environment)}`];
  const own = [...switches, ...names];
  const blocks = [
    ...(own.length === 0 ? [] : [[`[${table}]`, ...own]]),
    ...grants.files.map(({ path, access }) => [
      `[[${table}.files]]`,
      `path = ${JSON.stringify(path)}`,
      `access = "${access}"`,
    ]),
    ...grants.http.map(({ url, methods, private: isPrivate }) => [
      `[[${table}.http]]`,
      `url = ${JSON.stringify(url)}`,
      `methods = ${list(methods)}`,
      ...(isPrivate ? ["private = true"] : []),
    ]),
    ...grants.secrets.map(({ name, as, for: urls }) => [
      `[[${table}.secrets]]`,
      `name = "${name}"`,
      ...(as === "value" ? ['as = "value"'] : []),
      ...(urls.length === 0 ? [] : [`for = ${list(urls)}`]),
    ]),
    ...grants.messages.map(({ performatives, receivers, capabilities, topics, broadcast, perMinute }) => [
      `[[${table}.messages]]`,
      `performatives = ${list(performatives)}`,
      ...(receivers.length === 0 ? [] : [`receivers = ${list(receivers)}`]),
      ...(capabilities.length === 0 ? [] : [`capabilities = ${list(capabilities)}`]),
      ...(topics.length === 0 ? [] : [`topics = ${list(topics)}`]),
      ...(broadcast ? ["broadcast = true"] : []),
      `per_minute = ${perMinute}`,
    ]),
    ...grants.memory.map(({ scopes, hitsMax, perMinute }) => [
      `[[${table}.memory]]`,
      `scopes = ${list(scopes)}`,
      `hits_max = ${hitsMax}`,
      `per_minute = ${perMinute}`,
    ]),
  ];
  return blocks.flatMap((block, index) => (index === 0 ? block : ["", ...block]));
}

type Line = { readonly mark: " " | "-" | "+"; readonly text: string };

const range = (count: number): string => `${count === 0 ? 0 : 1},${count}`;

/** A unified diff of two short texts, whole; empty when they are equal. */
export function unifiedDiff(before: readonly string[], after: readonly string[], file: string): string {
  const lines = difference(before, after);
  if (lines.every(({ mark }) => mark === " ")) return "";
  const head = [`--- ${file}`, `+++ ${file}`, `@@ -${range(before.length)} +${range(after.length)} @@`];
  return `${[...head, ...lines.map(({ mark, text }) => mark + text)].join("\n")}\n`;
}

/** By the longest common subsequence; grants are a few hundred lines at most. */
function difference(before: readonly string[], after: readonly string[]): readonly Line[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    const [one, other] = [before[i], after[j]];
    if (one !== undefined && one === other) {
      lines.push({ mark: " ", text: one });
      i += 1;
      j += 1;
    } else if (one !== undefined && (other === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: "-", text: one });
      i += 1;
    } else {
      lines.push({ mark: "+", text: other ?? "" });
      j += 1;
    }
  }
  return lines;
}
