import type { PendingCall } from "./pending-call.ts";
import type { InstanceLease } from "../live-server.ts";
import type { ChildSupervisor } from "./child-supervisor.ts";

/**
 * Takes the calls that wait behind a guest which computes for long to another child, so that the guest keeps its right
 * to compute and its neighbours lose no time by it.
 *
 * sandbox.rebalance.R1. All calls of a session move, or none: they are made in their order, in one child.
 * sandbox.rebalance.R2. A session moves while nothing of it was answered: its guest remembers nothing that it would not
 *   have elsewhere.
 * sandbox.rebalance.R3. A call that has asked the server for anything stays, and one that was moved before.
 * sandbox.rebalance.R4. Nothing moves to a child that is held up as well.
 */
export function rebalanceCalls(slot: ChildSupervisor): void {
  for (const [session, jobs] of bySession(slot.blockedCalls())) {
    const [first] = jobs;
    if (first === undefined || !session.isFresh || !jobs.every(mayMove)) continue;
    const other = first.server.pool.pick(first.server);
    if (other === slot || other.isSilent) return;
    for (const job of jobs) slot.recall(job);
    slot.endSession(first.server, session.number);
    session.slot = other;
    for (const job of jobs) other.submit(job);
  }
}

const mayMove = ({ isSettled, cancelledAtMs, isMoved, files, crashes }: PendingCall): boolean =>
  !isSettled && cancelledAtMs === undefined && !isMoved && files === undefined && crashes === 0;

function bySession(jobs: readonly PendingCall[]): ReadonlyMap<InstanceLease, readonly PendingCall[]> {
  const sessions = new Map<InstanceLease, PendingCall[]>();
  for (const job of jobs) {
    const known = sessions.get(job.session);
    if (known === undefined) sessions.set(job.session, [job]);
    else known.push(job);
  }
  return sessions;
}
