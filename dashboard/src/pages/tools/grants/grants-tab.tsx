import type { ToolServerRecord } from "../../../../../src/api/contract/index.ts";
import { Card, Fact } from "../../../parts/card.tsx";
import { bytes, count } from "../../../parts/format/format.ts";
import { text } from "../../../text/text.ts";
import { GrantList } from "./grant-list.tsx";
import { LimitTable, measuresOf } from "./limit-table.tsx";
import { Failures } from "./tool-usage.tsx";
import { UseList } from "./use-list.tsx";

/** What a server may, how far, and what its calls made of that. */
export const GrantsTab = ({ server }: { readonly server: ToolServerRecord }) => (
  <div className="space-y-4">
    <div className="grid items-start gap-4 xl:grid-cols-2">
      <Card title={text.tools.grants.title}>
        <GrantList server={server} />
      </Card>
      <Limits server={server} />
    </div>
    {server.sandboxed ? <UseList server={server.name} /> : null}
  </div>
);

function Limits({ server }: { readonly server: ToolServerRecord }) {
  const { usage, limits, sandboxed, instance, accept } = server;
  const words = text.tools.grants;
  return (
    <Card title={words.limits} flush>
      <dl className="flex flex-wrap gap-x-8 gap-y-3 px-4 py-3">
        <Fact name={text.tools.usage.calls}>{count(usage.calls)}</Fact>
        {sandboxed ? <Fact name={text.tools.uses.denied}>{count(usage.denied)}</Fact> : null}
        <Fact name={text.tools.usage.resultMax}>{bytes(limits.result_bytes)}</Fact>
        <Fact name={text.tools.usage.failures}>
          <Failures failures={usage.failures} />
        </Fact>
      </dl>
      <LimitTable label={words.limits} measures={measuresOf(server, usage.tools)} />
      <p className="border-t border-line px-4 py-2.5 text-xs text-muted">
        {words.limitsNote} {sandboxed ? words.instance[instance] : ""} {words.accept[accept]}
      </p>
    </Card>
  );
}
