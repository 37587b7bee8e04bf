import type { ToolServerRecord } from "../../../../../src/api/contract/index.ts";
import { Ago } from "../../../parts/format/ago.tsx";
import { Card, Chip, Fact } from "../../../parts/card.tsx";
import { count } from "../../../parts/format/format.ts";
import { text } from "../../../text/text.ts";
import { LimitTable, measuresOf } from "./limit-table.tsx";

export type ToolUsageFigures = ToolServerRecord["usage"]["tools"][number];

type Props = { readonly usage: ToolUsageFigures | undefined; readonly server: ToolServerRecord };

/** What the calls of one tool came to, and what they used of its limits. */
export function ToolUsage({ usage, server }: Props) {
  const words = text.tools.usage;
  if (usage === undefined || usage.calls === 0) {
    return (
      <Card title={words.title}>
        <p className="text-sm text-muted">{words.none}</p>
      </Card>
    );
  }
  return (
    <Card title={words.title} flush>
      <dl className="flex flex-wrap gap-x-8 gap-y-3 px-4 py-3">
        <Fact name={words.calls}>{count(usage.calls)}</Fact>
        <Fact name={words.last}>{usage.last_call_at === null ? "–" : <Ago at={usage.last_call_at} />}</Fact>
        <Fact name={words.failures}>
          <Failures failures={usage.failures} />
        </Fact>
      </dl>
      <LimitTable label={words.title} measures={measuresOf(server, [usage])} />
    </Card>
  );
}

/** Why calls failed, most frequent first. */
export function Failures({ failures }: { readonly failures: { readonly [reason: string]: number } }) {
  const reasons = Object.entries(failures).toSorted(([, a], [, b]) => b - a);
  if (reasons.length === 0) return <span>0</span>;
  return (
    <span className="flex flex-wrap gap-1">
      {reasons.map(([reason, times]) => (
        <span key={reason} title={text.outcomes[reason]}>
          <Chip>
            <span className="text-bad">{count(times)}</span> {reason}
          </Chip>
        </span>
      ))}
    </span>
  );
}
