import { globSync } from "node:fs";
import { posix } from "node:path";
import type { OxlintOverride } from "oxlint";
import { ROOMS } from "./dependency-rules.ts";

type Room = keyof typeof ROOMS;
const isRoom = (folder: string): folder is Room => Object.hasOwn(ROOMS, folder);

/** The inner module that a folder belongs to: itself, or the nearest one above it. */
function roomOf(folder: string): Room | undefined {
  if (isRoom(folder)) return folder;
  return folder === "." ? undefined : roomOf(posix.dirname(folder));
}

// The last override that matches a file decides, so a folder comes before those inside it.
const outerFirst = globSync("src/**/", { cwd: import.meta.dirname })
  .map((folder) => posix.relative("src", folder.replaceAll("\\", "/")))
  .toSorted((one, other) => one.length - other.length);

/** Import restrictions of every module and inner module, type imports included. */
export const dependencyRules = outerFirst.flatMap((folder): readonly OxlintOverride[] => {
  const room = roomOf(folder);
  if (room === undefined) return [];
  const from = (path: string): string => {
    const relative = posix.relative(folder, path);
    return relative.startsWith(".") ? relative : `./${relative}`;
  };
  const doors = ROOMS[room].map((name) => `!${from(name)}/${name === "kernel" ? "**" : "index.ts"}`);
  const message = `${room} may import, by the door: ${ROOMS[room].join(" ") || "nothing"}`;
  const inner = Object.keys(ROOMS).filter((name) => name.startsWith(`${room}/`));
  const group = [
    posix.join(posix.relative(folder, room), "../**"),
    ...inner.map((name) => `${from(name)}/**`),
    ...doors,
  ];
  return [
    { files: [`src/${folder}/**`], rules: { "no-restricted-imports": ["error", { patterns: [{ group, message }] }] } },
  ];
});
