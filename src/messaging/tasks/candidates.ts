import { type Directory } from "../router/index.ts";
import { type Reputation } from "./history.ts";
import { type Candidate } from "./parts.ts";
import { type Task } from "./task.ts";

/** The participants to invite: the named ones, else the providers of all requested capabilities; never the owner. At most `max`, those with the best history first. */
export function candidatesOf(
  task: Task,
  directory: Pick<Directory, "find" | "providers">,
  { measured, max }: { readonly measured: (name: string) => Reputation; readonly max: number },
): readonly Candidate[] {
  const { workspace, participants, owner, minPerformanceScore = 0 } = task;
  const named = participants.map((name) => {
    const found = directory.find(workspace, name);
    return { name: found?.name ?? name, isThere: found !== undefined };
  });
  const all = named.length > 0 ? named : providersOfAll(task, directory);
  const unique = new Map(all.map((candidate) => [candidate.name, candidate]));
  unique.delete(owner);
  return [...unique.values()]
    .filter(({ name }) => measured(name).successRate >= minPerformanceScore)
    .toSorted((one, other) => measured(other.name).successRate - measured(one.name).successRate)
    .slice(0, max);
}

function providersOfAll(
  { workspace, capabilities }: Task,
  directory: Pick<Directory, "providers">,
): readonly Candidate[] {
  const active = capabilities.map((capability) =>
    directory
      .providers(workspace, capability)
      .filter(({ status }) => status === "active")
      .toSorted((one, other) => other.priority - one.priority)
      .map(({ name }) => name),
  );
  const [first = [], ...rest] = active;
  return first.filter((name) => rest.every((names) => names.includes(name))).map((name) => ({ name, isThere: true }));
}
