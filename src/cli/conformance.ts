import * as z from "zod";
import { packageVersion } from "../kernel/package.ts";
import recorded from "./conformance.json" with { type: "json" };
import { act, type CommandMaker, examples, showList } from "./frame/index.ts";

/** `caxton conformance` */
export const conformance: CommandMaker = (command, invocation) => {
  command.description(
    "Show, for each protocol, the public test suites and the published clients that this version was tested with, and the counts. Scenarios are those of the suite's authors; tests are Caxton's own and use the published client. Needs no server.",
  );
  examples(command, [
    ["caxton conformance", ""],
    ["caxton conformance -o wide", "with the files of the tests"],
    ["caxton conformance -o json", "for scripts"],
  ]);
  act(command, invocation, {
    input: z.object({}),
    formats: ["table", "wide", "json", "yaml"],
    run: (context) =>
      showList(context, {
        raw: { version: packageVersion(), ...recorded },
        items: rows(),
        columns: [
          { title: "PROTOCOL", value: ({ protocol }) => protocol },
          { title: "TESTED WITH", value: ({ counterpart }) => counterpart },
          { title: "VERSION", value: ({ version }) => version },
          { title: "RESULT", value: ({ result }) => result },
          { title: "FILES", value: ({ files }) => files, wide: true },
        ],
        name: ({ counterpart }) => counterpart,
        empty: "nothing is recorded",
        footer: `caxton ${packageVersion()}`,
      }),
  });
};

type Row = Readonly<Record<"protocol" | "counterpart" | "version" | "result" | "files", string>>;

function rows(): readonly Row[] {
  const suites = recorded.suites.map(({ protocol, suite, part, version, passed, total }) => ({
    protocol,
    counterpart: `${suite}, ${part}`,
    version,
    result: `${passed} of ${total} scenarios pass`,
    files: "",
  }));
  const clients = recorded.clients.map(({ protocol, client, version, tests, files }) => ({
    protocol,
    counterpart: client,
    version,
    result: `${tests} ${tests === 1 ? "test passes" : "tests pass"}`,
    files: files.join(" "),
  }));
  return [...clients, ...suites].toSorted((one, other) => one.protocol.localeCompare(other.protocol, "en"));
}
