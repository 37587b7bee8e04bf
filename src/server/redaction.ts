import { parseJson } from "../kernel/json.ts";
import { redactLog } from "../kernel/log.ts";
import { KnownSecrets } from "../text/redaction/index.ts";
import { type Redactors, redactorsOf } from "../runs/redaction/index.ts";
import { type LoadedConfig, patternsOf } from "./config/index.ts";

/** Whether a variable or a file is named like something that must not be seen. */
export const isSecretName = (name: string): boolean => name !== "AWS_ACCESS_KEY_ID" && SECRET_NAME.test(name);
const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_ID)?$/i;

/** What hides in every place, and where secrets are told that are resolved later. Log lines go through it from now on. */
export function openRedaction({ config, environment, secrets }: LoadedConfig): {
  readonly known: KnownSecrets;
  readonly redactors: Redactors;
} {
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
