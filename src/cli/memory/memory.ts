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
    "Search and manage agent memory, which outlives runs. An entity has a name, a type, facts, and relations to other entities. Its scope is workspace, global, agent-only:<agent> or conversation:<id>. Each change creates a version that can be shown and reverted to. Only forgotten data is gone.",
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
