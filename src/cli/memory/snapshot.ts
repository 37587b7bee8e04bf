import type { Command } from "commander";
import * as z from "zod";
import { type MemorySnapshot, operations } from "../../api/contract/index.ts";
import {
  act,
  confirm,
  examples,
  type Invocation,
  LIST_FORMATS,
  ONE_FORMATS,
  showList,
  showOne,
} from "../frame/index.ts";
import { type Column, safeText, showBytes } from "../terminal/index.ts";

const COLUMNS: readonly Column<MemorySnapshot>[] = [
  { title: "NAME", value: ({ name }) => name, tone: () => "bold" },
  { title: "MADE", value: ({ at }) => at },
  { title: "KIND", value: ({ kind }) => kind },
  { title: "SIZE", value: ({ bytes }) => showBytes(bytes), align: "right" },
];
/** A memory of some gigabytes is copied in less. */
const LONG_MS = 600_000;
const NAME = "its name, as caxton memory snapshot list shows it";

/** `caxton memory snapshot` */
export function snapshot(command: Command, invocation: Invocation): void {
  command
    .summary("create, list and restore snapshots")
    .description(
      "Create, list and restore snapshots of memory. The server creates one each hour in which memory changed, and keeps some of them ([memory.snapshots] of caxton.toml). Forgotten data is deleted from snapshots too.",
    );
  examples(command, [
    ["caxton memory snapshot create", "before something bold"],
    ["caxton memory snapshot list", ""],
    ["caxton memory snapshot restore memory-20261121T080000000Z-manual", "as it was then"],
  ]);
  list(command.command("list"), invocation);
  create(command.command("create"), invocation);
  restore(command.command("restore"), invocation);
  remove(command.command("delete"), invocation);
}

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list snapshots")
    .description("List the snapshots of memory, newest first, with time, origin and size.");
  examples(command, [["caxton memory snapshot list", ""]]);
  act(command, invocation, {
    input: z.object({}),
    formats: LIST_FORMATS,
    run: async (context) => {
      const { raw, value } = await context.client.call(operations.memoryMaintenance.snapshots, {});
      await showList(context, {
        raw,
        items: value.items,
        columns: COLUMNS,
        name: ({ name }) => name,
        empty: "there is no snapshot yet; make one: caxton memory snapshot create",
      });
    },
  });
}

function create(command: Command, invocation: Invocation): void {
  command
    .summary("create a snapshot")
    .description("Create a snapshot of memory while it is in use. It is kept until it is deleted.");
  examples(command, [["caxton memory snapshot create", "before something bold"]]);
  act(command, invocation, {
    input: z.object({}),
    formats: ONE_FORMATS,
    run: async (context) => {
      context.terminal.status("copying memory");
      const { raw, value } = await context.client.call(
        operations.memoryMaintenance.createSnapshot,
        {},
        { timeoutMs: LONG_MS },
      );
      context.terminal.status(undefined);
      const human = () => `${value.name}: ${showBytes(value.bytes)}\n`;
      await showOne(context, { raw, name: value.name, human });
    },
  });
}

function restore(command: Command, invocation: Invocation): void {
  command
    .summary("restore a snapshot")
    .description(
      "Restore memory from a snapshot without stopping the server. The current state is saved as another snapshot, so that the restore can be undone. Asks for confirmation unless --yes is given.",
    )
    .argument("<name>", NAME);
  examples(command, [
    ["caxton memory snapshot restore memory-20261121T080000000Z-manual", "as it was then"],
    ["caxton memory snapshot restore memory-20261121T080000000Z-manual --yes", "unasked"],
  ]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      const question = `Make memory again what it was in ${safeText(name)}?`;
      if (!(await confirm(context, question, "caxton memory snapshot restore"))) {
        context.terminal.note("memory stays as it is");
        return;
      }
      context.terminal.status("restoring memory");
      const { raw, value } = await context.client.call(
        operations.memoryMaintenance.restoreSnapshot,
        { name, confirm: true },
        { timeoutMs: LONG_MS },
      );
      context.terminal.status(undefined);
      const { restored, replaced } = value;
      const before =
        replaced.kind === "damaged"
          ? `the damaged file is left as snapshots/${replaced.name}.db of the data directory, until something is forgotten`
          : `to undo: caxton memory snapshot restore ${replaced.name}`;
      const human = () => `memory is as it was at ${restored.at}; ${before}\n`;
      await showOne(context, { raw, name: replaced.name, human });
    },
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete a snapshot")
    .description(
      "Permanently delete a snapshot; memory itself is unchanged. Asks for confirmation unless --yes is given.",
    )
    .argument("<name>", NAME);
  examples(command, [["caxton memory snapshot delete memory-20261121T080000000Z-manual", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      if (!(await confirm(context, `Delete ${safeText(name)}?`, "caxton memory snapshot delete"))) return;
      const { raw, value } = await context.client.call(operations.memoryMaintenance.deleteSnapshot, { name });
      await showOne(context, { raw, name: value.name, human: () => `${value.name}: deleted\n` });
    },
  });
}
