import type { Observation } from "../../../../../src/api/contract/index.ts";
import { cx } from "../../../parts/class-names.ts";
import { CopyButton } from "../../../parts/content/copy.tsx";
import { UnifiedDiff } from "../../../parts/content/unified-diff.tsx";
import { text } from "../../../text/text.ts";
import { KIND_ICONS } from "../grants/grant-list.tsx";
import { OutcomeIcon, USE_LOOKS } from "../grants/use-list.tsx";

/** What a call asked of the outside, and the least that would have to be granted for it. */
export function Observed({ observed }: { readonly observed: Observation }) {
  const { uses, diff, configuration, notes } = observed;
  return (
    <section aria-label={text.call.observed} className="space-y-3 border-t border-line pt-3">
      <h3 className="text-sm font-semibold">{text.call.observed}</h3>
      {uses.length === 0 ? <p className="text-sm text-muted">{text.call.observedNothing}</p> : null}
      <ul className="space-y-1">
        {uses.map((use, index) => (
          <UseLine key={index} use={use} />
        ))}
      </ul>
      {notes.map((note) => (
        <p key={note} className="text-sm text-warn">
          {note}
        </p>
      ))}
      {diff === "" ? null : <Proposal title={text.call.observedDiff} words={diff} />}
      {configuration === "" || diff === "" ? null : (
        <Proposal title={text.call.observedConfiguration} words={configuration} />
      )}
    </section>
  );
}

function UseLine({ use }: { readonly use: Observation["uses"][number] }) {
  const Icon = KIND_ICONS[use.kind];
  return (
    <li className="flex flex-wrap items-center gap-x-2 text-xs">
      <span className={cx("inline-flex w-18 items-center gap-1 font-medium", USE_LOOKS[use.outcome].ink)}>
        <OutcomeIcon outcome={use.outcome} />
        {text.tools.uses.outcomes[use.outcome]}
      </span>
      <Icon aria-hidden className="size-3.5 text-faint" />
      <span className="text-muted">{use.operation}</span>
      <code className="font-mono [overflow-wrap:anywhere]">{use.target}</code>
      <span className="text-muted">
        {[text.call.times(use.count), use.reason === use.outcome ? "" : use.reason].filter(Boolean).join(", ")}
      </span>
    </li>
  );
}

const Proposal = ({ title, words }: { readonly title: string; readonly words: string }) => (
  <div>
    <div className="mb-1 flex items-center gap-2">
      <h4 className="flex-1 text-xs font-medium text-muted">{title}</h4>
      <CopyButton value={words} />
    </div>
    <UnifiedDiff label={title}>{words}</UnifiedDiff>
  </div>
);
