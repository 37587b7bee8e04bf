import { parseJson } from "../kernel/json.ts";
import { redactLog } from "../kernel/log.ts";
import { isSecretName, KnownSecrets } from "../text/redaction/index.ts";
import { type Redactors, redactorsOf } from "../runs/index.ts";
import { StoredSecrets } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Storage } from "../storage/index.ts";
import type { SecretsOf } from "../text/references/index.ts";
import { SecretVault } from "../tools/secrets/index.ts";
import { keyFile, vaultOptions } from "./options/index.ts";
import { type LoadedConfig, patternsOf } from "./config/index.ts";

/** Secrets that are known, and what hides them. */
type Redaction = {
  /** Receives secrets that are resolved later. */
  readonly known: KnownSecrets;
  readonly redactors: Redactors;
};

/** Secrets that are known, where they come from, and what hides them. */
export type Secrets = Redaction & {
  readonly secrets: StoredSecrets;
  readonly stored: SecretsOf;
  readonly vault: SecretVault;
};

/** Redacts log lines from now on, with the secrets of the configuration and of the environment. */
export function openRedaction(loaded: LoadedConfig): Redaction {
  const { config, environment, secrets } = loaded;
  const known = new KnownSecrets();
  for (const [name, value] of Object.entries(secrets)) known.add(name, value);
  for (const [name, value] of Object.entries(environment)) {
    if (isSecretName(name)) known.add(name, value?.trim() ?? "");
  }
  for (const [name, { api_key: key = "" }] of Object.entries(config.models.providers)) {
    if (!key.includes("${")) known.add(`${name}.api_key`, key);
  }
  const { redaction } = config;
  const redactors = redactorsOf(known.all, patternsOf(redaction), redaction.where);
  redactLog((line) => redactedLine(line, redactors));
  return { known, redactors };
}

/** Opens the stored secrets and the vault. */
export function openSecrets(
  loaded: LoadedConfig,
  { known, redactors }: Redaction,
  { storage, clock }: { readonly storage: Storage; readonly clock: Clock },
): Secrets {
  const secrets = new StoredSecrets(keyFile(loaded), { store: storage.secrets, clock, known: known.store });
  const stored: SecretsOf = (workspace) => (name) => secrets.find(workspace, name);
  const vault = new SecretVault({ ...vaultOptions(loaded), stored, found: known.add });
  return { known, redactors, secrets, stored, vault };
}

/** A line of JSON of the log, with its level and time as they are. */
export function redactedLine(line: string, { logs }: Redactors): string {
  let count = 0;
  const hidden = logs.text(line, () => (count += 1));
  if (count === 0) return line;
  const parsed = parseJson(line);
  if (parsed.type === "malformed" || typeof parsed.value !== "object" || parsed.value === null) return hidden;
  const shown = Object.entries(parsed.value).map(([key, value]) => [
    key,
    key === "time" || key === "level" ? value : logs.json(value),
  ]);
  return `${JSON.stringify(Object.fromEntries(shown))}\n`;
}
