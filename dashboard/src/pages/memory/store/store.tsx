import type { MemoryFigures } from "../../../../../src/api/contract/index.ts";
import { Place } from "./place.tsx";
import { Retention } from "./retention.tsx";
import { ScopeTable } from "./scope-table.tsx";
import { Snapshots } from "./snapshots.tsx";
import { Soundness } from "./soundness.tsx";
import { Transfer } from "./transfer.tsx";

type Props = {
  /** Undefined while memory cannot be read; repair actions stay available. */
  readonly figures: MemoryFigures | undefined;
};

/** Where memory is kept, whether it is sound, its copies, and what goes from it. */
export const Store = ({ figures }: Props) => (
  <div className="grid items-start gap-4 xl:grid-cols-2">
    <div className="min-w-0 space-y-4">
      <Place figures={figures} />
      {figures === undefined ? null : (
        <>
          <ScopeTable figures={figures} />
          <Transfer figures={figures} />
        </>
      )}
    </div>
    <div className="min-w-0 space-y-4">
      <div id="snapshots" className="scroll-mt-16">
        <Snapshots figures={figures} />
      </div>
      <Soundness figures={figures} />
      {figures === undefined ? null : <Retention />}
    </div>
  </div>
);
