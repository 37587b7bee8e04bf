import type { Command } from "commander";
import * as z from "zod";
import { type MemoryForgotten, operations } from "../../api/contract/index.ts";
import type { Answer } from "../client/index.ts";
import {
  act,
  confirm,
  type Context,
  examples,
  type Invocation,
  ObservationReferenceError,
  ONE_FORMATS,
  showOne,
  toJson,
  UsageError,
} from "../frame/index.ts";
import { countOf } from "../terminal/index.ts";
import { findEntity, historyOf, scopeOption } from "./reference.ts";

const PATH = "caxton memory forget";

const Input = z.object({
  name: z.string().optional(),
  scope: z.string().optional(),
  observation: z.string().optional(),
});

export function forget(command: Command, invocation: Invocation): void {
  command
    .summary("permanently delete an entity, a fact or a scope")
    .description(
      "Permanently delete an entity, one of its facts, or, without a name, everything in a scope. The history is deleted too; the log keeps only numbers. To retract a fact that is no longer true, use caxton memory withdraw. Asks for confirmation unless --yes is given.",
    )
    .argument("[name]", "name or id of the entity")
    .addOption(scopeOption("scope of the entity; without a name, everything in this scope is deleted"))
    .option("--observation <text>", "only this fact, also a retracted one; its text or id");
  examples(command, [
    ["caxton memory forget Anna", ""],
    ['caxton memory forget Anna --observation "born 1990" --yes', "one fact, unasked"],
    ["caxton memory forget --scope conversation:8c1f --yes", "everything of one conversation"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const prepared = await prepare(context, input);
      if (!(await confirm(context, `${prepared.question} This cannot be undone.`, PATH))) {
        context.terminal.note("nothing was forgotten");
        return;
      }
      const { raw, value } = await prepared.forget();
      await showOne(context, { raw, name: prepared.name, human: () => `${forgottenText(value)}\n` });
    },
  });
}

type Prepared = {
  readonly name: string;
  readonly question: string;
  readonly forget: () => Promise<Answer<MemoryForgotten>>;
};

async function prepare({ client }: Context, { name, scope, observation }: z.infer<typeof Input>): Promise<Prepared> {
  if (name === undefined) {
    if (scope === undefined || observation !== undefined) {
      throw new UsageError("say what to forget: a name, or --scope for everything in a scope", PATH);
    }
    return {
      name: scope,
      question: `Forget everything in ${scope}?`,
      forget: () => client.call(operations.memory.forgetScope, { scope, confirm: true }),
    };
  }
  const { value: entity } = await findEntity(client, name, scope);
  const remove = (observationId?: string) =>
    client.call(operations.memory.forget, { id: entity.id, observation: observationId });
  const called = `${entity.name} in ${entity.scope}`;
  if (observation === undefined) return { name: entity.name, question: `Forget ${called}?`, forget: () => remove() };
  const ids = await observationsOf(client, entity, observation);
  return {
    name: entity.name,
    question: `Forget a fact of ${called}?`,
    forget: async () => {
      const gone = { entities: 0, observations: 0, relations: 0 };
      for (const id of ids) gone.observations += (await remove(id)).value.observations;
      return { raw: toJson(gone), value: gone };
    },
  };
}

/** The ids of all that ever said this of an entity, or that have this id. Throws ObservationReferenceError. */
async function observationsOf(
  client: Context["client"],
  entity: { readonly id: string; readonly name: string },
  reference: string,
): Promise<readonly string[]> {
  const wanted = reference.normalize("NFC").trim();
  const { observations } = await historyOf(client, entity.id, Infinity);
  const ids = observations.filter(({ id, text }) => id === wanted || text === wanted).map(({ id }) => id);
  if (ids.length > 0) return ids;
  throw new ObservationReferenceError(
    `${entity.name} never had the fact "${reference}"`,
    `its facts: ${observations.map(({ text }) => `"${text}"`).join(", ") || "none"}`,
    { entity: entity.id },
  );
}

const forgottenText = ({ entities, observations, relations }: MemoryForgotten): string => {
  const parts = [
    ...(entities === 0 ? [] : [entities === 1 ? "1 entity" : `${entities} entities`]),
    ...(observations === 0 ? [] : [countOf(observations, "fact")]),
    ...(relations === 0 ? [] : [countOf(relations, "relation")]),
  ];
  return parts.length === 0 ? "there was nothing to forget" : `forgotten: ${parts.join(", ")}`;
};
