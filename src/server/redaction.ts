import { parseJson } from "../kernel/json.ts";
import { redactLog } from "../kernel/log.ts";
import { isSecretName, KnownSecrets } from "../text/redaction/index.ts";
import { type Redactors, redactorsOf } from "../runs/index.ts";
import { SecretVault } from "../tools/secrets/index.ts";
import { vaultOptions } from "./options/index.ts";
import { type LoadedConfig, patternsOf } from "./config/index.ts";

/** Secrets that are known, where they come from, and what hides them. */
export type Secrets = {
  /** Receives secrets that are resolved later. */
  readonly known: KnownSecrets;
  readonly redactors: Redactors;
  readonly vault: SecretVault;
};

/** Opens the secrets of the configuration, and redacts log lines from now on. */
export function openSecrets(loaded: LoadedConfig): Secrets {
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
  return { known, redactors, vault: new SecretVault({ ...vaultOptions(loaded), found: known.add }) };
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
