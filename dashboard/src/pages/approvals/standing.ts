import { useEffect, useLayoutEffect, useState } from "react";
import type { Approval } from "../../../../src/api/contract/index.ts";

/** Milliseconds for which an answered card keeps its place. */
const KEPT_MS = 30_000;

/** An approval that has a place in the list; `endedAtMs` is when it was first seen to be answered. */
type Standing = { readonly approval: Approval; readonly endedAtMs: number | undefined };

/** Approvals that wait and, for a while, those that were answered here before the reader's eyes; oldest first. */
export function useStanding(known: readonly Approval[]): readonly Standing[] {
  const [standing, setStanding] = useState<readonly Standing[]>([]);
  // Before the browser paints, so that no card disappears for one frame.
  useLayoutEffect(() => setStanding((before) => renewed(before, known, Date.now())), [known]);
  const ends = standing.flatMap(({ endedAtMs }) => endedAtMs ?? []);
  const nextMs = ends.length === 0 ? undefined : Math.min(...ends) + KEPT_MS;
  useEffect(() => {
    if (nextMs === undefined) return undefined;
    const timer = setTimeout(
      () => setStanding((before) => before.filter(({ endedAtMs }) => endedAtMs === undefined || !isOver(endedAtMs))),
      Math.max(0, nextMs - Date.now()),
    );
    return () => clearTimeout(timer);
  }, [nextMs]);
  return standing;
}

const isOver = (endedAtMs: number): boolean => endedAtMs + KEPT_MS <= Date.now();

/** One that is no longer known keeps its place as well: the list of answered ones is read after that of open ones. */
function renewed(before: readonly Standing[], known: readonly Approval[], nowMs: number): readonly Standing[] {
  const found = new Map(known.map((approval) => [approval.id, approval]));
  const kept = before.map(({ approval, endedAtMs }): Standing => {
    const now = found.get(approval.id);
    return { approval: now ?? approval, endedAtMs: now?.state === "open" ? undefined : (endedAtMs ?? nowMs) };
  });
  const here = new Set(before.map(({ approval }) => approval.id));
  const added = known
    .filter(({ id, state }) => state === "open" && !here.has(id))
    .map((approval): Standing => ({ approval, endedAtMs: undefined }));
  return [...kept, ...added.toSorted(byAge)];
}

const byAge = ({ approval: one }: Standing, { approval: other }: Standing): number =>
  one.asked_at === other.asked_at ? (one.id < other.id ? -1 : 1) : one.asked_at < other.asked_at ? -1 : 1;
