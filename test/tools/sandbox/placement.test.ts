import { expect, test } from "vitest";
import { loadConfig } from "../../../src/server/config/config.ts";
import { operatorPlacement, sandboxHost } from "../../../src/tools/deploy.ts";
import { assemble, manifest, never, Room } from "./room.ts";

test("built-in and deployed servers share no process, and the operator places single servers elsewhere", async () => {
  await using room = new Room();
  const { config } = loadConfig(
    { settings: { "tool_servers.alone": { dedicated: true }, "tool_servers.friend": { group: "built-in" } } },
    {},
    room.directory,
  );
  const host = sandboxHost(room.sandbox, "default", operatorPlacement(config.tool_servers));
  const module = await assemble("probe.wat");
  const deploy = async (name: string, origin: "built-in" | "uploaded") => {
    await host.deploy({ manifest: manifest(name), module, origin }, never);
    expect(await room.text(`${name}.answer`)).toBe("ok");
    return room.sandbox.stats().processes.map(({ servers }) => servers);
  };
  expect(await deploy("ours", "built-in")).toEqual([1]);
  expect(await deploy("theirs", "uploaded")).toEqual([1, 1]);
  expect(await deploy("friend", "uploaded")).toEqual([2, 1]);
  expect(await deploy("alone", "uploaded")).toEqual([2, 1, 1]);
});
