import { type CommandMaker, examples } from "../frame/index.ts";
import { add } from "./add.ts";
import { doctor, reindex } from "./doctor.ts";
import { get, list, revise, withdraw } from "./entity.ts";
import { forget } from "./forget.ts";
import { blame, diff, log, revert } from "./history.ts";
import { graph, relate, unrelate } from "./relation.ts";
import { prune } from "./prune.ts";
import { search } from "./search.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { migrate } from "./migrate.ts";
import { snapshot } from "./snapshot.ts";
import { stats } from "./stats.ts";

/** `caxton memory` */
export const memory: CommandMaker = (command, invocation) => {
  command.description(
    "Memory: what agents know, beyond one run. An entity has a name, a type and facts, and relations to others. It lies in a " +
      "scope: workspace, global, agent-only:<agent> or conversation:<id>. Each change makes a new version, which can be " +
      "seen and reverted to; only what is forgotten is gone.",
  );
  examples(command, [
    ['caxton memory add Anna "leads the billing team" --type person', "remember something"],
    ["caxton memory relate Anna works_at Acme", ""],
    ["caxton memory search who leads billing", "by meaning and by words"],
    ["caxton memory graph Anna", "what is around it"],
    ["caxton memory log Anna", "who changed what, when"],
    ["caxton memory export memory.jsonl", "all of it, to keep or to move"],
  ]);
  search(command.command("search"), invocation);
  list(command.command("list"), invocation);
  get(command.command("get").alias("show"), invocation);
  add(command.command("add"), invocation);
  revise(command.command("revise"), invocation);
  withdraw(command.command("withdraw"), invocation);
  relate(command.command("relate"), invocation);
  unrelate(command.command("unrelate"), invocation);
  graph(command.command("graph"), invocation);
  log(command.command("log"), invocation);
  diff(command.command("diff"), invocation);
  blame(command.command("blame"), invocation);
  revert(command.command("revert"), invocation);
  forget(command.command("forget"), invocation);
  prune(command.command("prune"), invocation);
  stats(command.command("stats"), invocation);
  exportCommand(command.command("export"), invocation);
  importCommand(command.command("import"), invocation);
  migrate(command.command("migrate"), invocation);
  snapshot(command.command("snapshot"), invocation);
  doctor(command.command("doctor"), invocation);
  reindex(command.command("reindex"), invocation);
};
