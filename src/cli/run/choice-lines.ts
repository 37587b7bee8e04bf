import type { RunChoice, Step } from "../../api/contract/index.ts";
import { oneLine } from "../terminal/index.ts";

/** What failed, and what can be typed. */
export const choiceLines = (id: string, { failure, backups, expires_at: until }: RunChoice): readonly string[] => [
  `${oneLine(failure.message)}  [${failure.code}]`,
  `  caxton run choose ${id} retry`,
  ...backups.map((model) => `  caxton run choose ${id} use ${oneLine(model)}`),
  ...(backups.length === 0 ? [`  caxton run choose ${id} use <provider/model>`] : []),
  `  caxton run choose ${id} cancel`,
  `  until ${until}, then it fails`,
];

/** A failed attempt in one line: which model, what it said, and what came next. */
export const attemptLine = ({ model, message, next }: Extract<Step, { kind: "model" }>["attempts"][number]): string =>
  `${model}: ${oneLine(message)}${next === null ? "" : ` → ${next}`}`;
