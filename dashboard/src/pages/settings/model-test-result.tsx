import type { ModelTest } from "../../../../src/api/contract/index.ts";
import { Card } from "../../parts/card.tsx";
import { cx } from "../../parts/class-names.ts";
import { text } from "../../text/text.ts";

const words = text.settings.models;
const TONES = { ok: "text-good", failed: "text-bad", skipped: "text-muted" } as const;

/** Result of each of the three requests, with a fix for failed ones. */
export const ModelTestResult = ({ result }: { readonly result: ModelTest }) => (
  <Card title={words.result(result.model)} className="mt-3">
    <ul className="space-y-3" aria-live="polite">
      {result.checks.map(
        ({ check, state, note, fix, first_part_ms: first, input_tokens: input, output_tokens: output }) => (
          <li key={check}>
            <p className="text-sm">
              <span className={cx("font-medium", TONES[state])}>{words.checks[check]}:</span> {note}
            </p>
            {first === null ? null : <p className="text-xs text-muted">{words.measured(first, input, output)}</p>}
            {fix === "" ? null : <p className="text-xs">{fix}</p>}
          </li>
        ),
      )}
    </ul>
  </Card>
);
