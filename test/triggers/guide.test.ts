import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDirectory } from "../helpers/temp.ts";
import { runGuide } from "../helpers/guide.ts";

test("the commands of the guide work, in their order", async () => {
  using place = tempDirectory();
  const watched = join(place.path, "watched");
  const { code, output } = await runGuide("triggers.md", {
    settings: { "files.watch_root": watched },
    edit: (text) => text.replaceAll("watched/default/", `${watched}/default/`),
  });
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toMatch(/data-analyzer\/morning +enabled +0 7 \* \* 1-5 Europe\/Berlin +\d{4}-/);
  expect(output).toMatch(/data-analyzer\/poll started run [0-9a-f-]{36}/);
  expect(output).toContain("data-analyzer/morning is disabled");
  expect(output).toContain("accepted for caxton.trigger.");
});
