import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStorage } from "../../../src/storage/index.ts";
import { SecretVault } from "../../../src/tools/secrets/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type { Caller } from "../../../src/tools/sandbox/index.ts";
import { openBroker } from "../../../src/tools/broker.ts";
import { storageOptions, toolsOptions, vaultOptions } from "../../../src/server/options/index.ts";
import { loadConfig } from "../../../src/server/config/config.ts";
import { mint, ToolCallId } from "../../../src/kernel/ids.ts";
import { type Grants, NO_GRANTS, permissiveGrants } from "../../../src/tools/catalogue/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.closed-places");

const READ = { access: "read", create: false, exclusive: false, truncate: false, follow: true } as const;
const callerWith = (grants: Grants): Caller => ({
  server: "curious",
  grants,
  call: mint(ToolCallId),
  context: { session: "session", workspace: "default", agent: undefined, files: [], isPermissive: true },
});

test("no grant and no operator's permission opens secrets, the configuration or the data directory", async () => {
  using temp = tempDirectory();
  const write = (path: string, text: string): void => {
    mkdirSync(join(temp.path, path, ".."), { recursive: true });
    writeFileSync(join(temp.path, path), text);
  };
  write("caxton.toml", '[data]\ndirectory = "kept"\n[models]\nsecrets_directories = ["MODELS"]\n');
  write("secrets/OPENAI", "sk-very-secret");
  write("MODELS/KEY", "sk-also-secret");
  write("data/a.txt", "for all");
  symlinkSync("../secrets/OPENAI", join(temp.path, "data", "link"));
  const settings = {
    "secrets.directories": [join(temp.path, "secrets")],
    "models.secrets_directories": [join(temp.path, "MODELS")],
  };
  const loaded = loadConfig({ settings }, {}, temp.path);
  const clock = systemClock;
  await using storage = openStorage(storageOptions(loaded), clock);
  const vault = new SecretVault(vaultOptions(loaded));
  const { ledger, toolState: state } = storage;
  const opened = openBroker(toolsOptions(loaded).broker, { ledger, state, vault, clock, onRefused: () => {} });
  const outcome = async (grants: Grants, path: string): Promise<string> => {
    const found = await opened.broker.files.open(callerWith(grants), path, READ);
    if ("type" in found) return found.reason;
    await found.close();
    return "opened";
  };
  const all: Grants = { ...NO_GRANTS, files: [{ path: temp.path, access: "write" }] };
  for (const grants of [permissiveGrants(NO_GRANTS), all]) {
    expect(await outcome(grants, "data/a.txt")).toBe("opened");
    for (const path of ["secrets/OPENAI", "MODELS/KEY", "caxton.toml", "kept/caxton.db", "data/link"]) {
      expect(await outcome(grants, path), path).toBe("denied");
    }
  }
});
