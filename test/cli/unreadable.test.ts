import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileToSend, unreadable } from "../../src/cli/client/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { commandLine } from "./caxton.ts";

test("a command that cannot read a file says what is the matter with it", { timeout: 60_000 }, async () => {
  using place = tempDirectory();
  const cwd = place.path;
  mkdirSync(join(cwd, "agents"));
  writeFileSync(join(cwd, "notes.md"), "no definition");
  symlinkSync("circle.md", join(cwd, "circle.md"));
  const matters: readonly (readonly [path: string, what: string])[] = [
    ["agents", "it is a directory\n  name a file"],
    ["none.md", "there is no such file\n  check the path"],
    ["notes.md/agent.md", "a part of the path is a file"],
    ["circle.md", "its links lead in a circle"],
    [`${"a".repeat(300)}.md`, "its name is too long"],
  ];
  for (const [path, what] of matters) {
    const { code, stderr } = await commandLine(["agent", "convert", join(cwd, path)], { cwd });
    expect(`${code} ${stderr}`).toContain(`2 error: cannot read ${join(cwd, path)}: ${what}`);
    await expect(fileToSend(join(cwd, path))).rejects.toThrow(`cannot read ${join(cwd, path)}: ${what.split("\n")[0]}`);
  }
});

test("a file without read permission is not reported as missing", () => {
  const refused = unreadable("key.pem", Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" }));
  expect(refused.message).toBe("cannot read key.pem: you are not allowed to");
  expect(refused.hint).toContain("make it readable");
});
