import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { moduleHash, readBuild, SERVERS, sourcesHash } from "../../../scripts/build-tools.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-reproducible");

const ROOT = join(import.meta.dirname, "../../..");

test.for(Object.entries(SERVERS))("the module of %s is the one its sources make", ([server, directory]) => {
  const built = readBuild().servers[server];
  expect(sourcesHash(server), "the sources changed: run npm run build:tools and commit what it writes").toBe(
    built?.sources,
  );
  expect(moduleHash(server), "the module is not the one that was built").toBe(built?.module);
  const manifest = readFileSync(join(ROOT, directory, "tool.toml"), "utf8");
  expect(manifest).toBe(readFileSync(join(ROOT, "tools", server, "tool.toml"), "utf8"));
});
