import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import type { Conversation } from "../../../../src/api/contract/index.ts";
import { protocolsQuery } from "../../api/messages.ts";
import { ActBadge } from "../../parts/messages/act-badge.tsx";
import { cx } from "../../parts/class-names.ts";
import { text } from "../../text/text.ts";

const words = text.conversations;

/** Transition table of the protocol; rows of current states are marked. */
export function ProtocolFold({
  conversation: { protocol: name, participants },
}: {
  readonly conversation: Conversation;
}) {
  const protocol = useQuery(protocolsQuery).data?.items.find((one) => one.name === name);
  if (protocol === undefined) return null;
  const current = new Set(participants.map(({ state }) => state));
  const { protocolColumns: columns } = words;
  return (
    <details className="group/fold rounded-lg border border-line bg-surface shadow-card">
      <summary className="flex min-h-10 list-none items-center gap-2 px-4 text-sm font-semibold hover:bg-hover">
        <ChevronRight aria-hidden className="size-3.5 text-faint group-open/fold:rotate-90" />
        {words.protocolTitle(protocol.title)}
      </summary>
      <div className="border-t border-line p-4">
        <p className="text-sm text-muted">
          {protocol.purpose} <span className="text-xs text-faint">{protocol.specification}</span>
        </p>
        <div
          role="group"
          aria-label={words.protocolTitle(protocol.title)}
          tabIndex={0}
          className="mt-3 max-h-96 overflow-auto"
        >
          <table className="w-full text-xs">
            <thead>
              <tr className="text-left text-muted">
                {[columns.by, columns.act, columns.from, columns.to, columns.means].map((column) => (
                  <th key={column} scope="col" className="px-2 pb-1 font-medium">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {protocol.steps.map((step, index) => (
                <tr key={index} className={cx("border-t border-line", current.has(step.from) && "bg-accent-soft")}>
                  <td className="px-2 py-1">{words.by[step.by]}</td>
                  <td className="px-2 py-1">{step.act === null ? "–" : <ActBadge act={step.act} />}</td>
                  <td className="px-2 py-1 font-medium">{step.from}</td>
                  <td className="px-2 py-1">{step.to}</td>
                  <td className="px-2 py-1 text-muted">{step.means}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </details>
  );
}
