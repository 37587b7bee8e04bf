import type { RunChoice, Step } from "../../../api/contract/index.ts";
import { oneLine } from "../../terminal/index.ts";

/** What failed, and what can be typed. */
export const choiceLines = (id: string, { failure, backups, expires_at: until }: RunChoice): readonly string[] => [
  `${oneLine(failure.message)}  [${failure.code}]`,
  `  caxton run choose ${id} retry`,
  ...backups.map((model) => `  caxton run choose ${id} use ${oneLine(model)}`),
  ...(backups.length === 0 ? [`  caxton run choose ${id} use <provider/model>`] : []),
  `  caxton run choose ${id} cancel`,
  `  until ${until}, then it fails`,
];

/** A failed attempt in one line: which model, what it said, what it was charged, and what came next. */
export function attemptLine({
  model,
  message,
  next,
  cost,
}: Extract<Step, { kind: "model" }>["attempts"][number]): string {
  const tokens = cost === null ? 0 : cost.input_tokens + cost.output_tokens;
  const charged = cost === null ? "" : ` (charged ${cost.estimated ? "about " : ""}${tokens} tokens)`;
  return `${model}: ${oneLine(message)}${charged}${next === null ? "" : ` → ${next}`}`;
}
