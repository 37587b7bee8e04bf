import type { MemoryFigures } from "../../../../../src/api/contract/index.ts";
import { Place } from "./place.tsx";
import { Retention } from "./retention.tsx";
import { ScopeTable } from "./scope-table.tsx";
import { Snapshots } from "./snapshots.tsx";
import { Soundness } from "./soundness.tsx";
import { Transfer } from "./transfer.tsx";

/** Where memory is kept, whether it is sound, its copies, and what goes from it. */
export const Store = ({ figures }: { readonly figures: MemoryFigures }) => (
  <div className="grid items-start gap-4 xl:grid-cols-2">
    <div className="min-w-0 space-y-4">
      <Place figures={figures} />
      <ScopeTable figures={figures} />
      <Transfer figures={figures} />
    </div>
    <div className="min-w-0 space-y-4">
      <Snapshots figures={figures} />
      <Soundness figures={figures} />
      <Retention />
    </div>
  </div>
);
